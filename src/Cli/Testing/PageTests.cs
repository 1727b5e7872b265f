using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using SparseService.Cli.Hosting;
using SparseService.Cli.Machine;

namespace SparseService.Cli.Testing;

/// <summary>The unit tests of the dashboard's TypeScript, which Node.js runs.</summary>
internal static class PageTests
{
    private const string Name = "Dashboard (vitest)";

    public static async Task<TestRun> RunAsync(string root, string? filter, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var sources = DashboardBuild.SourcesIn(root);
        using var guard = await DashboardBuild.LockAsync(root, cancellationToken);
        try
        {
            await Npm.RequireAsync(cancellationToken);
        }
        catch (CliFault fault)
        {
            return new TestRun(Name, watch.Elapsed, 0, 0, 1, [], [$"{Name}: {fault.Message.Split('\n')[0]}"]);
        }

        using var folder = new TemporaryFolder();
        var report = Path.Combine(folder.Path, "report.json");
        string[] only = filter is null ? [] : ["--passWithNoTests", "-t", Regex.Escape(filter)];
        try
        {
            await Npm.InstallAsync(sources, cancellationToken);
        }
        catch (CliFault fault)
        {
            return TestRun.Crashed(Name, watch.Elapsed, fault.Message);
        }

        var process = await Npm.RunAsync(
            sources, ["test", "--", "--reporter=json", $"--outputFile={report}", .. only], cancellationToken);
        return Read(watch.Elapsed, report, process);
    }

    private static TestRun Read(TimeSpan duration, string report, ChildProcess process)
    {
        if (!File.Exists(report))
        {
            return TestRun.Crashed(Name, duration, $"npm test ended with {process.ExitCode} and left no report.\n{process.Tail()}");
        }

        using var document = JsonDocument.Parse(File.ReadAllBytes(report));
        var files = document.RootElement.GetProperty("testResults").EnumerateArray().ToList();
        var tests = files.SelectMany(file => file.GetProperty("assertionResults").EnumerateArray()).ToList();
        var faults = tests.Where(test => Status(test) == "failed")
            .Select(test => $"FAILED {NameOf(test)}\n{string.Join('\n', test.GetProperty("failureMessages").EnumerateArray())}")
            .ToList();
        if (!process.Succeeded && faults.Count == 0)
        {
            faults.Add($"npm test ended with {process.ExitCode} though no test failed.\n{process.Tail()}");
        }

        // What a filter leaves out counts as skipped there, unlike in the other projects' reports.
        var passed = tests.Count(test => Status(test) == "passed");
        var skips = tests.Where(test => Status(test) == "todo").Select(test => $"{NameOf(test)}: not written yet").ToList();
        return new TestRun(Name, duration, passed, faults.Count, skips.Count, faults, skips);
    }

    private static string? Status(JsonElement test) => test.GetProperty("status").GetString();

    private static string? NameOf(JsonElement test) => test.GetProperty("fullName").GetString();
}
