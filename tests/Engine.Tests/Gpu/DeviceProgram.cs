using System.Diagnostics;
using System.Reflection;

namespace SparseService.Engine.Tests.Gpu;

/// <summary>Runs a static method in a process of its own: the drivers that OpenCL knows are fixed when it is first asked.</summary>
internal static class DeviceProgram
{
    public const string Word = "device-of-a-test";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <param name="variables">Added to the environment.</param>
    /// <returns>Exit code and all that it wrote.</returns>
    public static (int Code, string Output) Run(Action<string> program, string argument, params (string Name, string Value)[] variables)
    {
        Assert.True(program.Method.IsStatic, "The program must be a static method");
        var here = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        var start = new ProcessStartInfo(here) { RedirectStandardError = true, RedirectStandardOutput = true };
        string[] words =
        [
            typeof(DeviceProgram).Assembly.Location, Word, $"{program.Method.DeclaringType!.FullName}.{program.Method.Name}", argument,
        ];
        Array.ForEach(words, start.ArgumentList.Add);
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{words[2]} has not ended within {Patience}");
        }

        return (process.ExitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
    }

    /// <summary>What the process does.</summary>
    public static int Execute(string program, string argument)
    {
        var point = program.LastIndexOf('.');
        var method = Assembly.GetExecutingAssembly().GetType(program[..point], throwOnError: true)!
            .GetMethod(program[(point + 1)..], BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!;
        try
        {
            method.CreateDelegate<Action<string>>()(argument);
            return 0;
        }
        catch (Exception fault)
        {
            Console.Error.WriteLine(fault);
            return 1;
        }
    }
}
