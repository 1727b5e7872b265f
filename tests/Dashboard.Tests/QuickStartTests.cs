using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>README's "Five minutes in the browser", step by step and in its words.</summary>
public sealed class QuickStartTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Readme_FromTheLinkToAPrediction_IsAsItSays()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await chromium.OpenAsync(new() { Width = 1280, Height = 800 }, errors);

        await page.GotoAsync(service.CreateStartUpLink());
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the demo run" }).ClickAsync();
        await Assertions.Expect(page.Locator(".run-head .chip")).ToHaveTextAsync("Succeeded");

        await OpenPageAsync(page, "New run");
        var startFrom = page.GetByLabel("Start from", new() { Exact = true });
        var demo = startFrom.Locator("option", new() { HasTextRegex = new Regex("^demo: glyphs") });
        await startFrom.SelectOptionAsync((await demo.TextContentAsync())!);
        await Assertions.Expect(page.GetByLabel("Name", new() { Exact = true })).ToHaveValueAsync("demo: glyphs");
        await page.GetByLabel("Epsilon", new() { Exact = true }).FillAsync("5");
        await Assertions.Expect(page.Locator(".forecast")).ToContainTextAsync("an epoch");
        var first = page.Url;
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the run" }).ClickAsync();
        await Assertions.Expect(page).Not.ToHaveURLAsync(first);
        await Assertions.Expect(page.Locator(".run-head .chip")).ToHaveTextAsync("Succeeded");

        await OpenPageAsync(page, "Runs");
        var rows = page.Locator(".runs-table tbody tr");
        await rows.Nth(0).GetByRole(AriaRole.Checkbox).CheckAsync();
        await rows.Nth(1).GetByRole(AriaRole.Checkbox).CheckAsync();
        await page.Locator(".selection").GetByRole(AriaRole.Link, new() { Name = "Compare" }).ClickAsync();
        await Assertions.Expect(page.Locator(".chart-host[aria-label^='Test accuracy of 2 runs'] canvas")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".compare-table")).ToContainTextAsync("network.topology.epsilon");

        await OpenPageAsync(page, "Models");
        await page.Locator(".models-table tbody tr").First.GetByRole(AriaRole.Link).First.ClickAsync();
        await DrawBarAsync(page);
        await Assertions.Expect(page.Locator(".verdict").First).ToHaveTextAsync(new Regex("bar.*%"));
        Assert.Empty(errors);
    }

    private static Task OpenPageAsync(IPage page, string name) =>
        page.GetByRole(AriaRole.Navigation, new() { Name = "Pages" })
            .GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).ClickAsync();

    private static async Task DrawBarAsync(IPage page)
    {
        var box = (await page.GetByRole(AriaRole.Application).BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.5f), box.Y + (box.Height * 0.2f));
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.5f), box.Y + (box.Height * 0.8f), new() { Steps = 12 });
        await page.Mouse.UpAsync();
    }
}
