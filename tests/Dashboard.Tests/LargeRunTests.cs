using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>A run of 500 epochs and 100,000 step points stays smooth, and small, while it is watched.</summary>
public sealed class LargeRunTests(Chromium chromium) : IClassFixture<Chromium>
{
    // As a service shows them in a second.
    private const int StepsPerEpochShown = 10;
    private const double Megabyte = 1e6;
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private static readonly ViewportSize Desktop = new() { Width = 1280, Height = 800 };

    [Fact]
    public async Task LargeRun_ManyLiveUpdates_NeitherHeapNorDocumentGrows()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var run = await LargeRun.MakeAsync(service);
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);
        var (figures, push) = await OpenAsync(page, service, run);
        await PushAsync(page, push, epochs: 20, stepsAnEpoch: 2);
        var before = await figures.MemoryAsync();

        await PushAsync(page, push, epochs: 60, stepsAnEpoch: 2);

        var after = await figures.MemoryAsync();
        Assert.True(after.HeapBytes - before.HeapBytes < Megabyte, $"{before.HeapBytes} bytes became {after.HeapBytes}");
        Assert.True(after.Nodes < before.Nodes * 1.2, $"{before.Nodes} nodes became {after.Nodes}");
        Assert.Empty(errors);
    }

    /// <summary><c>./sparse bench dashboard</c> runs it and reads the figures; what depends on the machine is not judged here.</summary>
    [Fact, Trait("Size", "Long")]
    public async Task LargeRun_TenMinutesOfUpdates_Measured()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var run = await LargeRun.MakeAsync(service);
        var minutes = int.Parse(Environment.GetEnvironmentVariable("SPARSE_DASHBOARD_MINUTES") ?? "10", CultureInfo.InvariantCulture);
        List<double> paints = [], curves = [];
        for (var round = 0; round < 5; round++)
        {
            var fresh = await chromium.OpenAsync(Desktop, []);
            var (opened, _) = await OpenAsync(fresh, service, run);
            paints.Add(await opened.FirstPaintMsAsync());
            curves.Add(await opened.CurvesMsAsync());
            await fresh.Context.CloseAsync();
        }

        var page = await chromium.OpenAsync(Desktop, []);
        var (figures, push) = await OpenAsync(page, service, run);
        await PushAsync(page, push, epochs: 60);
        var before = await figures.MemoryAsync();
        await figures.TakeLongTasksAsync();
        var (busy, script) = (await figures.MainThreadSecondsAsync(), await figures.ScriptSecondsAsync());
        await PushAsync(page, push, epochs: minutes * 60);
        (busy, script) = (await figures.MainThreadSecondsAsync() - busy, await figures.ScriptSecondsAsync() - script);
        var longTasks = await figures.TakeLongTasksAsync();
        var after = await figures.MemoryAsync();
        var updates = minutes * 60 * (StepsPerEpochShown + 1);
        var result = new
        {
            LargeRun.Epochs, StepPoints = LargeRun.Epochs * LargeRun.StepsPerEpoch, Updates = updates,
            FirstPaintMs = Median(paints), CurvesMs = Median(curves),
            MainThreadMsPerUpdate = busy * 1000 / updates, ScriptMsPerUpdate = script * 1000 / updates, LongTasks = longTasks.Length,
            HeapMegabytesBefore = before.HeapBytes / Megabyte, HeapMegabytesAfter = after.HeapBytes / Megabyte,
            NodesBefore = before.Nodes, NodesAfter = after.Nodes,
        };
        var text = JsonSerializer.Serialize(result, Indented);
        var file = Environment.GetEnvironmentVariable("SPARSE_DASHBOARD_FIGURES");
        await File.WriteAllTextAsync(
            file ?? Path.Combine(AppContext.BaseDirectory, "dashboard-figures.json"), text, TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper!.WriteLine(text);
        Assert.True(after.HeapBytes - before.HeapBytes < 3 * Megabyte, text);
    }

    private static async Task<(PageFigures Figures, LivePush Push)> OpenAsync(IPage page, LiveApplication service, Guid run)
    {
        var figures = await PageFigures.WatchAsync(page);
        var push = await LivePush.PlaceAsync(page, run);
        await service.SignInAsync(page, $"#/runs/{run}");
        await figures.CurvesMsAsync();
        await Assertions.Expect(page.Locator(".feed")).ToHaveTextAsync("Live");
        return (figures, push);
    }

    // A frame of the page for each step, however quickly they come.
    private static async Task PushAsync(IPage page, LivePush push, int epochs, int stepsAnEpoch = StepsPerEpochShown)
    {
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            for (var step = 0; step < stepsAnEpoch; step++)
            {
                await push.StepAsync();
                await page.EvaluateAsync("() => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)))");
            }

            await push.EpochAsync();
        }

        var last = push.Step.ToString("# ### ##0", CultureInfo.InvariantCulture).Trim().Replace(' ', '\u202f');
        await Assertions.Expect(page.Locator(".tile-value").Last).ToHaveTextAsync(last);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
