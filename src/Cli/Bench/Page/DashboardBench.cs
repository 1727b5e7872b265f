using System.Text.Json;
using SparseService.Cli.Machine;
using Spectre.Console;

namespace SparseService.Cli.Bench.Page;

/// <summary>
/// <c>sparse bench dashboard</c>: what the page of a long run costs its browser. The browser is driven by a test of
/// <c>tests/Dashboard.Tests</c>, which writes figures in place of judging them; so this program needs no driver of browsers.
/// </summary>
internal sealed class DashboardBench : Benchmark<DashboardResult>
{
    private const string Minutes = "SPARSE_DASHBOARD_MINUTES";
    private const string Figures = "SPARSE_DASHBOARD_FIGURES";

    public DashboardBench()
        : base(
            "dashboard", "First paint, main thread and heap of a page that follows a run of 500 epochs and 100,000 step points.",
            "about 8 minutes", 10,
            "./sparse bench dashboard",
            "./sparse bench dashboard --rounds 1")
    {
    }

    protected override async Task<DashboardResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        const string Project = "Dashboard.Tests";
        var project = Path.Combine(run.Root, "tests", Project);
        await RequireAsync(["build", project, "-c", "Release", "-v", "q", "--nologo"], [], cancellationToken);
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "figures.json");
        BenchRun.Say($"A browser follows a run for {run.Rounds} simulated minutes …");
        await RequireAsync(
            [
                Path.Combine(run.Root, "artifacts", "bin", Project, "release", $"SparseService.{Project}.dll"), "-noLogo", "-noColor",
                "-method", "*LargeRun_TenMinutesOfUpdates_Measured",
            ],
            new() { [Minutes] = $"{run.Rounds}", [Figures] = file },
            cancellationToken);
        if (!File.Exists(file))
        {
            throw new CliFault("The browser's figures are missing: npm, chromium or PostgreSQL is not installed, so the test was skipped.");
        }

        var text = await File.ReadAllTextAsync(file, cancellationToken);
        return new DashboardResult(run.Origin, JsonSerializer.Deserialize<DashboardFigures>(text, ResultFile.Json)!);
    }

    protected override void Print(DashboardResult result)
    {
        var figures = result.Figures;
        var table = new Table().AddColumns("what", "measured", "wanted");
        table.AddRow("first contentful paint", $"{figures.FirstPaintMs:F0} ms", "under 1000 ms");
        table.AddRow("curves of the whole past drawn", $"{figures.CurvesMs:F0} ms", "");
        table.AddRow("main thread per update, all in all", $"{figures.MainThreadMsPerUpdate:F1} ms", "under 20 ms");
        table.AddRow("of which script", $"{figures.ScriptMsPerUpdate:F1} ms", "");
        table.AddRow("tasks of 50 ms and more", $"{figures.LongTasks} in {figures.Updates} updates", "");
        table.AddRow("heap before and after", $"{figures.HeapMegabytesBefore:F1} MB, {figures.HeapMegabytesAfter:F1} MB", "does not grow");
        table.AddRow("nodes before and after", $"{figures.NodesBefore}, {figures.NodesAfter}", "does not grow");
        BenchRun.Show(table);
    }

    private static async Task RequireAsync(string[] arguments, Dictionary<string, string?> variables, CancellationToken cancellationToken)
    {
        var process = await ChildProcess.RunAsync(Programs.Dotnet, arguments, cancellationToken, variables: variables);
        if (!process.Succeeded)
        {
            throw new CliFault($"dotnet {arguments[0]} ended with {process.ExitCode}:\n{process.Tail()}");
        }
    }
}

/// <param name="Figures">As the browser counted.</param>
internal sealed record DashboardResult(Origin Origin, DashboardFigures Figures);

/// <param name="FirstPaintMs">Median of five cold page loads, from the navigation.</param>
/// <param name="CurvesMs">The same until the past's curves are drawn.</param>
/// <param name="MainThreadMsPerUpdate">Script, style, layout and paint, over all updates.</param>
/// <param name="LongTasks">Tasks of 50 ms and more.</param>
/// <param name="HeapMegabytesBefore">Script objects in use after a collection.</param>
internal sealed record DashboardFigures(
    int Epochs, int StepPoints, int Updates, double FirstPaintMs, double CurvesMs, double MainThreadMsPerUpdate,
    double ScriptMsPerUpdate, int LongTasks, double HeapMegabytesBefore, double HeapMegabytesAfter, double NodesBefore,
    double NodesAfter);
