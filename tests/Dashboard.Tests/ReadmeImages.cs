using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>Takes README's pictures anew, from the real pages: run this test with SPARSE_UPDATE_IMAGES=1 and look at the result.</summary>
public sealed class ReadmeImages(Chromium chromium) : IClassFixture<Chromium>
{
    private const string UpdateVariable = "SPARSE_UPDATE_IMAGES";
    private static readonly ViewportSize Window = new() { Width = 1280, Height = 845 };
    private const int RunHeight = 1100; // As far as the pictures of the network.
    private static readonly int[] Epsilons = [4, 10, 20, 40];

    private static string Folder => Path.Combine(BuiltPage.Sources, "..", "..", "docs", "images");

    [Fact]
    public async Task Images_OfTheRealPages_AreTaken()
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable(UpdateVariable) == "1", $"Set {UpdateVariable}=1 to take README's pictures anew");
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var runs = new List<Guid>();
        foreach (var epsilon in Epsilons)
        {
            runs.Add(await service.SubmitAsync(Spec(epsilon)));
            await service.WaitAsync(runs[^1]);
        }

        var page = await chromium.OpenAsync(Window, []);
        await service.SignInAsync(page, $"#/runs/{runs[2]}");
        await Assertions.Expect(page.Locator(".heat-map").First).ToBeVisibleAsync();
        await page.SetViewportSizeAsync(Window.Width, RunHeight);
        await TakeAsync(page, "run.png", ColorScheme.Light);
        await page.SetViewportSizeAsync(Window.Width, Window.Height);

        await page.GotoAsync($"{service.Address}/dashboard/#/compare?runs={string.Join(",", runs)}");
        await Assertions.Expect(page.Locator(".chart-host canvas").First).ToBeVisibleAsync();
        await TakeAsync(page, "compare.png", ColorScheme.Dark);

        await page.GotoAsync($"{service.Address}/dashboard/#/models");
        await page.Locator(".models-table .cell-name > a", new() { HasText = $"epsilon {Epsilons[1]}" }).ClickAsync();
        await DrawTriangleAsync(page);
        await TakeAsync(page, "model.png", ColorScheme.Light);
    }

    private static async Task DrawTriangleAsync(IPage page)
    {
        var box = (await page.GetByRole(AriaRole.Application).BoundingBoxAsync())!;
        (float X, float Y)[] corners = [(0.5f, 0.18f), (0.82f, 0.78f), (0.18f, 0.78f), (0.5f, 0.18f)];
        await MoveAsync(corners[0], 1);
        await page.Mouse.DownAsync();
        foreach (var corner in corners.Skip(1))
        {
            await MoveAsync(corner, 10);
        }

        await page.Mouse.UpAsync();
        await Assertions.Expect(page.Locator(".draw-tab .is-best")).ToBeVisibleAsync();

        Task MoveAsync((float X, float Y) place, int steps) =>
            page.Mouse.MoveAsync(box.X + (box.Width * place.X), box.Y + (box.Height * place.Y), new() { Steps = steps });
    }

    private static async Task TakeAsync(IPage page, string name, ColorScheme scheme)
    {
        await page.EvaluateAsync("window.scrollTo(0, 0)");
        await Appearance.ShowAsync(page, scheme);
        await page.ScreenshotAsync(new() { Path = Path.Combine(Folder, name), Animations = ScreenshotAnimations.Disabled });
    }

    private static string Spec(int epsilon) =>
        $$"""
        {
          "name": "glyphs, epsilon {{epsilon}}",
          "labels": { "topology": "erdos-renyi" },
          "dataset": { "generated": { "kind": "glyphs", "trainSamples": 20000, "testSamples": 2000 } },
          "training": {
            "seed": 1, "epochs": 30, "batchSize": 128,
            "network": {
              "layers": [784, 600, 600, 10],
              "topology": { "kind": "erdosRenyi", "epsilon": {{epsilon}} },
              "activation": { "kind": "allRelu", "slope": 0.6 }
            },
            "optimizer": { "kind": "sgd", "learningRate": 0.01, "momentum": 0.9 },
            "evolution": { "kind": "set", "dropFraction": 0.3 }
          }
        }
        """;
}
