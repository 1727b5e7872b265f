using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

public sealed partial class ModelPageTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly ViewportSize Desktop = new() { Width = 1280, Height = 800 };

    private const string Spec =
        """
        {
          "name": "letters",
          "dataset": { "generated": { "kind": "glyphs", "trainSamples": 4000, "testSamples": 500 } },
          "training": {
            "epochs": 6, "batchSize": 50,
            "network": { "layers": [784, 200, 10], "topology": { "kind": "erdosRenyi", "epsilon": 15 } },
            "optimizer": { "kind": "sgd", "learningRate": 0.02, "momentum": 0.9 },
            "checkpoints": { "keep": 10 }
          }
        }
        """;

    [Fact]
    public async Task Models_FromNoneToAPrediction_EachWay()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);
        await service.SignInAsync(page, "#/models");
        await Assertions.Expect(page.GetByText("No models yet")).ToBeVisibleAsync();
        await Accessibility.CheckAsync(page);

        var run = await service.SubmitAsync(Spec);
        await service.WaitAsync(run);
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator(".models-table tbody tr")).ToHaveCountAsync(1);
        await Accessibility.CheckAsync(page);
        await Screenshots.TakeAsync(page, "models");

        await page.GetByRole(AriaRole.Link, new() { Name = "letters" }).First.ClickAsync();
        await PredictDrawingAsync(page);
        await Accessibility.CheckAsync(page);
        await Screenshots.TakeAsync(page, "model-drawing");
        var row = await PredictRowAsync(page);
        await PredictFileAsync(page, row);
        await Accessibility.CheckAsync(page);
        await Screenshots.TakeAsync(page, "model-file");
        await DownloadAsync(page, "Download safetensors", 100_000);
        await DownloadAsync(page, "Download NumPy (.npz)", 100_000);
        await DownloadAsync(page, "Download ONNX", 100_000);
        Assert.Empty(errors);
    }

    private static async Task PredictDrawingAsync(IPage page)
    {
        var pad = page.GetByRole(AriaRole.Application);
        var verdict = page.Locator(".draw-tab .verdict").First;
        await Assertions.Expect(verdict).ToContainTextAsync("Draw something");
        var box = (await pad.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.5f), box.Y + (box.Height * 0.2f));
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.5f), box.Y + (box.Height * 0.8f), new() { Steps = 12 });
        await page.Mouse.UpAsync();
        await Assertions.Expect(verdict).ToHaveTextAsync(Verdict());
        await ExpectAskedForTheNewestAsync(page);

        // The same without a mouse: what was drawn goes, and a line is drawn with the arrows.
        await pad.FocusAsync();
        await page.Keyboard.PressAsync("Delete");
        await Assertions.Expect(verdict).ToContainTextAsync("Draw something");
        for (var step = 0; step < 8; step++)
        {
            await page.Keyboard.PressAsync("Shift+ArrowDown");
        }

        await Assertions.Expect(verdict).ToHaveTextAsync(Verdict());
        await Assertions.Expect(pad).ToHaveAttributeAsync("aria-label", new Regex("Cursor at row 23, column 15"));

        // A sample of the dataset is recognised: the model was trained on it.
        var sample = page.Locator(".sample").First;
        var label = Sample().Match((await sample.GetAttributeAsync("aria-label"))!).Groups[1].Value;
        await sample.ClickAsync();
        await Assertions.Expect(verdict).ToContainTextAsync(label + " (");
    }

    /// <summary>However fast one draws, the bars end with the picture that is there.</summary>
    private static async Task ExpectAskedForTheNewestAsync(IPage page)
    {
        var shares = await page.Locator(".draw-tab .probability-value").First.EvaluateAsync<string[]>(
            "first => [...first.closest('ol').querySelectorAll('.probability-value')].map(each => each.textContent)");
        Assert.Equal(10, shares.Length);
        var sum = shares.Sum(share => double.Parse(share.TrimEnd('%', ' '), CultureInfo.InvariantCulture));
        Assert.InRange(sum, 98, 102);
    }

    /// <returns>The row that was predicted, and its label.</returns>
    private static async Task<(string Values, string Label)> PredictRowAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Tab, new() { Name = "A row" }).ClickAsync();
        var tab = page.GetByRole(AriaRole.Tabpanel, new() { Name = "A row" });
        await tab.GetByLabel("784 values").FillAsync("1, 2, three");
        await tab.GetByRole(AriaRole.Button, new() { Name = "Predict" }).ClickAsync();
        await Assertions.Expect(tab.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Value 3 is “three”; allowed: a number.");

        await tab.GetByLabel("Values", new() { Exact = true }).SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await Assertions.Expect(tab.Locator(".verdict")).ToHaveTextAsync(Verdict());
        await Assertions.Expect(tab.GetByRole(AriaRole.Alert)).ToBeEmptyAsync();
        var truth = (await tab.GetByText("In the dataset this row is").TextContentAsync())!;
        var label = truth["In the dataset this row is ".Length..].TrimEnd('.');
        await Assertions.Expect(tab.Locator(".verdict")).ToContainTextAsync(label + " (");
        return (await tab.GetByLabel("784 values").InputValueAsync(), label);
    }

    private static async Task PredictFileAsync(IPage page, (string Values, string Label) row)
    {
        await page.GetByRole(AriaRole.Tab, new() { Name = "A file" }).ClickAsync();
        var tab = page.GetByRole(AriaRole.Tabpanel, new() { Name = "A file" });
        await ChooseAsync("short.csv", "1,2,3\n");
        await Assertions.Expect(tab.GetByRole(AriaRole.Alert)).ToContainTextAsync("Line 1 has 3 columns; the model takes 784");

        var line = row.Values.Replace(" ", "", StringComparison.Ordinal);
        await ChooseAsync("rows.csv", $"{line},{row.Label}\n{line},something else\n");
        await Assertions.Expect(tab.GetByText("1 as labelled (50.00 %)")).ToBeVisibleAsync();
        await Assertions.Expect(tab.Locator("tbody tr")).ToHaveCountAsync(2);
        await Assertions.Expect(tab.Locator("tbody tr").Nth(1)).ToContainTextAsync("something else differs");
        var download = await page.RunAndWaitForDownloadAsync(() =>
            tab.GetByRole(AriaRole.Button, new() { Name = "Download the result" }).ClickAsync());
        Assert.Equal("rows-predicted.csv", download.SuggestedFilename);
        var lines = await File.ReadAllLinesAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("row,predicted,label,p(", lines[0], StringComparison.Ordinal);
        Assert.StartsWith($"1,{row.Label},{row.Label},", lines[1], StringComparison.Ordinal);

        Task ChooseAsync(string name, string content) => tab.Locator("input[type=file]").SetInputFilesAsync(
            new FilePayload { Name = name, MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes(content) });
    }

    private static async Task DownloadAsync(IPage page, string button, long leastBytes)
    {
        var download = await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync());
        Assert.StartsWith("letters.", download.SuggestedFilename, StringComparison.Ordinal);
        Assert.InRange(new FileInfo(await download.PathAsync()).Length, leastBytes / 10, leastBytes * 10);
    }

    [GeneratedRegex(@"^.+ \(\d+\.\d %\)$")]
    private static partial Regex Verdict();

    [GeneratedRegex(@"which is (.+)$")]
    private static partial Regex Sample();
}
