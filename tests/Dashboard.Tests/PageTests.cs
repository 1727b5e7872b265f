using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>Drives the built page in a real browser against the real service.</summary>
public sealed partial class PageTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly ViewportSize Desktop = new() { Width = 1440, Height = 900 };
    private static readonly ViewportSize Phone = new() { Width = 390, Height = 844 };

    // Rare checkpoints: a restarted worker repeats epochs, and the page must not show them twice.
    private const string LongSpec =
        """
        {
          "name": "restart",
          "dataset": { "generated": { "kind": "glyphs", "trainSamples": 40000, "testSamples": 500 } },
          "training": {
            "epochs": 60,
            "batchSize": 50,
            "network": { "layers": [784, 600, 600, 10] },
            "checkpoints": { "everyEpochs": 7 }
          }
        }
        """;

    [Fact]
    public async Task SignIn_ByKey_RefusesAWrongOneAndTakesTheRight()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);

        await service.SignInAsync(page);
        await Assertions.Expect(page.GetByText("No runs yet")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("API key")).ToBeVisibleAsync();
        Assert.Empty(errors);

        await page.GetByLabel("API key").FillAsync(service.Key[..^1] + (service.Key[^1] == 'A' ? 'B' : 'A'));
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).Not.ToBeEmptyAsync();

        await page.GetByLabel("API key").FillAsync(service.Key);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.GetByText("No runs yet")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Demo_InOneClick_IsFollowedToItsEnd()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);

        await service.SignInAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the demo run" }).ClickAsync();
        await ExpectStateAsync(page, "Succeeded");

        await Assertions.Expect(page.Locator(".chart-host[aria-label^='Loss'] canvas")).ToBeVisibleAsync();
        var accuracy = await page.Locator(".chart-host[aria-label^='Accuracy']").GetAttributeAsync("aria-label");
        Assert.InRange(double.Parse(TestAccuracy().Match(accuracy!).Groups[1].Value), 50, 100);
        await Assertions.Expect(page.GetByRole(AriaRole.Img, new() { NameRegex = new Regex("28 by 28 input pixels") })).ToBeVisibleAsync();
        Assert.True(await CountColoursAsync(page) > 20, "The importance image has fewer than 20 colours");
        await Assertions.Expect(page.Locator(".layers-table tbody tr")).ToHaveCountAsync(3);
        await ExpectGaplessEventsAsync(page);

        var download = await page.RunAndWaitForDownloadAsync(() =>
            page.GetByRole(AriaRole.Button, new() { Name = "Download model" }).ClickAsync());
        Assert.True(new FileInfo(await download.PathAsync()).Length > 1000);

        await page.GetByRole(AriaRole.Navigation, new() { Name = "Pages" }).GetByRole(AriaRole.Link, new() { Name = "Runs" }).ClickAsync();
        await Assertions.Expect(page.Locator(".runs-table tbody tr")).ToHaveCountAsync(1);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Run_ServiceRestartsInMidRun_CatchesUpWithoutGapOrRepeat()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var run = await service.SubmitAsync(LongSpec);
        var page = await chromium.OpenAsync(Phone, []);
        await service.SignInAsync(page, $"#/runs/{run}");
        await Assertions.Expect(page.Locator(".event-epoch").First).ToContainTextAsync(new Regex(@"Epoch \d"));

        await service.RestartAsync();

        await ExpectStateAsync(page, "Succeeded");
        await ExpectGaplessEventsAsync(page);
        await Assertions.Expect(page.Locator(".event-epoch")).ToHaveCountAsync(60);
        // It did stop in the middle: a second attempt finished it.
        await Assertions.Expect(page.Locator(".event-state").First).ToContainTextAsync("Succeeded · attempt 2");
        Assert.Equal(Phone.Width, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    private static Task ExpectStateAsync(IPage page, string state) =>
        Assertions.Expect(page.Locator(".run-head .chip")).ToHaveTextAsync(state);

    /// <summary>The events that the page shows are 1, 2, 3 … each once.</summary>
    private static async Task ExpectGaplessEventsAsync(IPage page)
    {
        var newestFirst = await page.Locator(".event-seq").AllTextContentsAsync();
        var shown = newestFirst.Reverse().Select(int.Parse).ToList();
        Assert.Equal(Enumerable.Range(1, shown.Count), shown);
    }

    private static Task<int> CountColoursAsync(IPage page) => page.EvaluateAsync<int>(
        """
        () => {
          const canvas = document.querySelector(".heat-map");
          const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
          return new Set(pixels).size;
        }
        """);

    [GeneratedRegex(@"test ([\d.]+) %")]
    private static partial Regex TestAccuracy();
}
