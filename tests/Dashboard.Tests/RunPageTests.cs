using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>What a person does with one run.</summary>
public sealed class RunPageTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly ViewportSize Desktop = new() { Width = 1280, Height = 800 };

    [Fact]
    public async Task Run_PausedInOneBrowser_IsSteeredAndSeenInTheOther()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var run = await service.SubmitAsync(Spec(epochs: 5000));
        var errors = new List<string>();
        var (first, second) = (await chromium.OpenAsync(Desktop, errors), await chromium.OpenAsync(Desktop, errors));
        foreach (var page in new[] { first, second })
        {
            await service.SignInAsync(page, $"#/runs/{run}");
            await Assertions.Expect(Chip(page)).ToHaveTextAsync("Running");
            await Assertions.Expect(page.Locator(".event-epoch").First).ToBeVisibleAsync();
        }

        await Button(first, "Pause").ClickAsync();
        await first.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Back" }).ClickAsync();
        await Assertions.Expect(Chip(first)).ToHaveTextAsync("Running");
        await Button(first, "Pause").ClickAsync();
        await first.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Assertions.Expect(Chip(first)).ToHaveTextAsync("Paused");
        await Assertions.Expect(Chip(second)).ToHaveTextAsync("Paused");

        await Button(second, "Resume").ClickAsync();
        await Assertions.Expect(Chip(second)).ToHaveTextAsync("Running");
        await Assertions.Expect(Chip(first)).ToHaveTextAsync("Running");

        await Button(first, "Cancel").ClickAsync();
        await first.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel the run" }).ClickAsync();
        await Assertions.Expect(Chip(second)).ToHaveTextAsync("Cancelled");

        await ForkAsync(second);
        await Button(first, "Delete").ClickAsync();
        await first.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete the run" }).ClickAsync();
        await Assertions.Expect(first.Locator(".runs-table tbody tr")).ToHaveCountAsync(1);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Run_LookedAtInAllItsParts_ShowsThem()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var run = await service.SubmitAsync(Spec(epochs: 12));
        await service.WaitAsync(run);
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);
        await service.SignInAsync(page, $"#/runs/{run}");
        await Assertions.Expect(Chip(page)).ToHaveTextAsync("Succeeded");

        foreach (var name in new[]
        {
            "Loss", "Accuracy", "Density per layer", "Births and deaths", "Share of positions", "L2 norm of the weights' gradient",
            "Idle neurons", "Speed", "Work", "Memory",
        })
        {
            var chart = page.Locator($".chart-host[aria-label^=\"{name}\"]");
            await Assertions.Expect(chart).ToHaveAttributeAsync("aria-label", new Regex(@"Newest values: .*\d"));
        }

        await Assertions.Expect(Image(page, "^Into each neuron of layer 1")).ToBeVisibleAsync();
        await Assertions.Expect(Image(page, "over 12 epochs")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("simd, ")).ToBeVisibleAsync();
        await SlideAsync(page);
        await SearchAsync(page);
        await ZoomAsync(page);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Run_OfTwoWorkers_ShowsWhatEachRankDid()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var parallel = await service.SubmitAsync(Spec(epochs: 3).Replace(
            "\"epochs\"", "\"parallel\":{\"method\":\"partitioned\",\"workers\":2},\"epochs\"", StringComparison.Ordinal));
        var alone = await service.SubmitAsync(Spec(epochs: 2));
        await service.WaitAsync(parallel);
        await service.WaitAsync(alone);
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);
        var panel = page.GetByRole(AriaRole.Region, new() { Name = "Ranks", Exact = true });

        await service.SignInAsync(page, $"#/runs/{parallel}");
        await Assertions.Expect(panel.GetByText("epoch 3, 2 ranks")).ToBeVisibleAsync();
        await Assertions.Expect(panel.Locator("tbody tr")).ToHaveCountAsync(2);
        await Assertions.Expect(panel.Locator("tbody tr").Last).ToHaveTextAsync(new Regex(@"^1.*[kM]B.*%$"));
        await service.SignInAsync(page, $"#/runs/{alone}");
        await Assertions.Expect(Chip(page)).ToHaveTextAsync("Succeeded");
        await Assertions.Expect(panel).ToBeHiddenAsync();
        Assert.Empty(errors);
    }

    private static async Task ForkAsync(IPage page)
    {
        // While the run went on, a checkpoint of the list could be one that was dropped meanwhile; now none is dropped any more.
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^Fork the checkpoint") }).First.ClickAsync();
        await page.GetByLabel("Name").FillAsync("another way");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the run" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "another way" })).ToBeVisibleAsync();
        await Assertions.Expect(Chip(page)).ToHaveTextAsync("Running");
        await Button(page, "Cancel").ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel the run" }).ClickAsync();
        await Assertions.Expect(Chip(page)).ToHaveTextAsync("Cancelled");
    }

    /// <summary>The importance image of the first epoch is another one than that of the last.</summary>
    private static async Task SlideAsync(IPage page)
    {
        var image = page.Locator(".heat-map");
        var newest = await image.GetAttributeAsync("aria-label");
        var slider = page.GetByLabel("Network after epoch");
        await slider.FocusAsync();
        await slider.PressAsync("Home");
        await Assertions.Expect(page.GetByText("after epoch 1", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(image).Not.ToHaveAttributeAsync("aria-label", newest!);
        await page.GetByRole(AriaRole.Button, new() { Name = "Newest" }).ClickAsync();
        await Assertions.Expect(image).ToHaveAttributeAsync("aria-label", newest!);
    }

    private static async Task SearchAsync(IPage page)
    {
        await page.GetByLabel("Search the events").FillAsync("Epoch 7 ·");
        await Assertions.Expect(page.Locator(".event-epoch")).ToHaveCountAsync(1);
        await page.GetByLabel("Search the events").FillAsync("");
        await page.GetByLabel("Kind of events").SelectOptionAsync("state");
        await Assertions.Expect(page.Locator(".event")).ToHaveCountAsync(4);
        await page.GetByLabel("Kind of events").SelectOptionAsync("");
    }

    private static async Task ZoomAsync(IPage page)
    {
        await page.GetByLabel("Axis").SelectOptionAsync("Training time");
        await page.GetByLabel("Logarithmic loss").CheckAsync();
        var reset = page.GetByRole(AriaRole.Button, new() { Name = "Reset zoom" });
        await page.Locator(".chart-host[aria-label^='Loss']").PressAsync("+");
        await Assertions.Expect(reset).ToBeVisibleAsync();
        await reset.ClickAsync();
        await Assertions.Expect(reset).ToBeHiddenAsync();

        var box = await page.Locator(".chart-host[aria-label^='Accuracy'] .u-over").BoundingBoxAsync();
        await page.Mouse.MoveAsync(box!.X + (box.Width / 4), box.Y + 20);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + (box.Width / 2), box.Y + 20);
        await page.Mouse.UpAsync();
        await Assertions.Expect(reset).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".legend-place").Nth(1)).ToContainTextAsync("training time");
    }

    private static ILocator Image(IPage page, string name) => page.GetByRole(AriaRole.Img, new() { NameRegex = new Regex(name) });

    private static ILocator Chip(IPage page) => page.Locator(".run-head .chip");

    private static ILocator Button(IPage page, string name) =>
        page.Locator(".run-head").GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private static string Spec(int epochs) =>
        $$"""
        {
          "name": "steered",
          "dataset": { "generated": { "kind": "glyphs", "trainSamples": 1000, "testSamples": 200 } },
          "training": { "epochs": {{epochs}}, "batchSize": 50, "network": { "layers": [784, 200, 100, 10] } }
        }
        """;
}
