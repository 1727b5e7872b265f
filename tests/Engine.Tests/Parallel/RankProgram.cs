using System.Globalization;
using System.Reflection;
using SparseService.Engine.Parallel;
using SparseService.Engine.Parallel.Mpi;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Engine.Tests.Gpu;
using Xunit.MicrosoftTestingPlatform;

namespace SparseService.Engine.Tests.Parallel;

/// <summary>The entry of this assembly: the tests, or as a process of an mpirun one rank of a test, or a program with a driver of its own.</summary>
internal static class RankProgram
{
    public const string Word = "rank-of-a-test";

    // So that the others get to say what they heard before mpirun ends them.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    public static Task<int> Main(string[] args)
    {
        if (args is [Word, var type, var method, var silence, var argument])
        {
            return Task.FromResult(Run(type, method, TimeSpan.FromSeconds(int.Parse(silence, CultureInfo.InvariantCulture)), argument));
        }

        if (args is [DeviceProgram.Word, var program, var text])
        {
            return Task.FromResult(DeviceProgram.Execute(program, text));
        }

        if (args is [RankProcess.Verb, ..])
        {
            return Task.FromResult(RankProcess.Run(args[1..]));
        }

        return args.Any(argument => argument is "--server" or "--internal-msbuild-node")
            ? TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
    }

    private static int Run(string type, string method, TimeSpan silence, string argument)
    {
        var program = Assembly.GetExecutingAssembly().GetType(type, throwOnError: true)!
            .GetMethod(method, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!
            .CreateDelegate<Action<ICommunicator, string>>();
        var ranks = MpiCommunicator.Join(silence);
        try
        {
            program(ranks, argument);
            ranks.Dispose();
            return 0;
        }
        catch (Exception fault)
        {
            Console.Error.WriteLine(fault);
            ranks.Abort(fault);
            using var never = new ManualResetEventSlim();
            never.Wait(LastWords);
            Environment.Exit(1);
            return 1;
        }
    }
}
