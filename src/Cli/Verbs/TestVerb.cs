using System.CommandLine;
using SparseService.Cli.Machine;
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
        await InstallAsync(root, cancellationToken);
        await BuildAsync(root, cancellationToken);

        var results = new List<TestRun>();
        foreach (var job in TestJob.Plan(root))
        {
            var result = await job.RunAsync(arguments.GetValue(all), arguments.GetValue(filter), cancellationToken);
            result.Print();
            results.Add(result);
        }

        Console.WriteLine();
        var failed = results.Sum(run => run.Failed);
        Console.WriteLine($"{results.Sum(run => run.Passed)} passed, {failed} failed, {results.Sum(run => run.Skipped)} skipped");
        return failed == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static async Task InstallAsync(string root, CancellationToken cancellationToken)
    {
        await SystemPackages.RequireAsync(
            "PostgreSQL", Programs.HasPostgres, ["postgresql"], "Install PostgreSQL 15 or later: https://www.postgresql.org/download/",
            cancellationToken);
        if (Directory.Exists(Path.Combine(root, "tests", "Dashboard.Tests")))
        {
            await SystemPackages.RequireAsync(
                "Chromium", Programs.HasChromium, ["chromium"], "Install Chromium or Chrome: the dashboard's tests drive it.",
                cancellationToken);
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
