using System.CommandLine;
using SparseService.Cli.Machine;
using SparseService.Cli.Ptx;
using SparseService.Cli.Testing;

namespace SparseService.Cli.Verbs;

/// <summary><c>sparse test</c>: installs what the tests need, builds them, runs all of them, sums up.</summary>
internal sealed class TestVerb : Verb
{
    private readonly Option<bool> all = Flag("--all", "Also run the long tests (minutes of learning, real deployments).");
    private readonly Option<string?> filter = Text("--filter", "TEXT", "Only tests whose full name contains this text.");

    public TestVerb()
        : base(
            "test", "Runs every test, with what the tests need installed.",
            "./sparse test",
            "./sparse test --all",
            "./sparse test --filter SparseForward")
    {
        Options.Add(all);
        Options.Add(filter);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var root = Checkout.Require("test");
        await InstallAsync(cancellationToken);
        await BuildAsync(root, cancellationToken);

        var text = arguments.GetValue(filter);
        var results = new List<TestRun>();
        foreach (var job in TestJob.Plan(root))
        {
            Add(await job.RunAsync(arguments.GetValue(all), text, cancellationToken));
        }

        Add(await PageTests.RunAsync(root, text, cancellationToken));
        Console.WriteLine();
        var failed = results.Sum(run => run.Failed);
        Console.WriteLine($"{results.Sum(run => run.Passed)} passed, {failed} failed, {results.Sum(run => run.Skipped)} skipped");
        return failed == 0 ? ExitCode.Done : ExitCode.Failed;

        void Add(TestRun run)
        {
            run.Print();
            results.Add(run);
        }
    }

    private static async Task InstallAsync(CancellationToken cancellationToken)
    {
        await SystemPackages.RequireAsync(
            "PostgreSQL", Programs.HasPostgres, ["postgresql"], "Install PostgreSQL 15 or later: https://www.postgresql.org/download/",
            cancellationToken);
        await TryAsync(() => SystemPackages.RequireAsync(
            "Chromium", Programs.HasChromium, ["chromium"], "Install Chromium or Chrome: the dashboard's tests drive it.",
            cancellationToken));
        await TryAsync(() => SystemPackages.RequireAsync(
            "Open MPI", Programs.HasMpi, ["openmpi-bin"], "Install Open MPI 4: ranks that are processes are started by its mpirun.",
            cancellationToken));
        await TryAsync(() => SystemPackages.RequireAsync(
            "OpenCL on the processor (PoCL)", Programs.HasPocl, ["pocl-opencl-icd", "ocl-icd-libopencl1"],
            "Install PoCL: the kernels for devices run on it.", cancellationToken));
        await TryAsync(() => SystemPackages.RequireAsync(
            "Oclgrind", Programs.HasOclgrind, ["oclgrind"], "Install Oclgrind: it looks for races in the kernels for devices.",
            cancellationToken));
        await TryAsync(() => SystemPackages.RequireAsync(
            "clang 19 with libclc", () => PtxCompiler.IsInstalled, PtxCompiler.Packages,
            "Install clang 19 and libclc 19: the PTX of the kernels for devices is compared with what they make.", cancellationToken));
        await TryAsync(() => Npm.RequireAsync(cancellationToken));
    }

    // Tests of the page, of MPI and of devices skip themselves, by name, where there is nothing to run them with.
    private static async Task TryAsync(Func<Task> install)
    {
        try
        {
            await install();
        }
        catch (CliFault fault)
        {
            Console.Error.WriteLine(fault.Message);
        }
    }

    private static async Task BuildAsync(string root, CancellationToken cancellationToken)
    {
        Console.WriteLine("Building the tests …");
        var build = await ChildProcess.RunAsync(
            Programs.Dotnet,
            ["build", "SparseService.sln", "-c", "Release", "-v", "q", "--nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false"],
            cancellationToken, root);
        if (!build.Succeeded)
        {
            throw new CliFault($"The tests do not build:\n{build.Tail()}\n\n0 passed, 1 failed, 0 skipped");
        }
    }
}
