using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>The list of runs and the comparison, driven in a real browser against the real service.</summary>
public sealed class RunsPageTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly ViewportSize Desktop = new() { Width = 1280, Height = 800 };

    [Fact]
    public async Task Runs_SubmittedElsewhere_AppearAndMoveWithoutReload()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);
        await service.SignInAsync(page);
        await Assertions.Expect(page.GetByText("No runs yet")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".feed")).ToHaveTextAsync("Live");

        await service.SubmitAsync(Spec("first", epsilon: 5));
        var rows = page.Locator(".runs-table tbody tr");
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        await Assertions.Expect(rows.Nth(0).Locator(".chip")).ToHaveTextAsync("Succeeded");

        // What happens while the service is away is there when it is back.
        await service.RestartAsync();
        var second = await service.SubmitAsync(Spec("second", epsilon: 20));
        await Assertions.Expect(rows).ToHaveCountAsync(2);
        await Assertions.Expect(rows.Nth(0).Locator(".cell-name a")).ToHaveTextAsync("second");
        await Assertions.Expect(rows.Nth(0).Locator(".chip")).ToHaveTextAsync("Succeeded");

        await service.DeleteAsync(second);
        await Assertions.Expect(rows).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Runs_SearchedSortedAndSelectedByKeyboard_AreCompared()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var runs = new List<Guid>();
        foreach (var (name, epsilon) in new[] { ("one sparse", 3), ("two", 10), ("three", 30) })
        {
            runs.Add(await service.SubmitAsync(Spec(name, epsilon)));
        }

        await service.WaitAsync(runs[^1]);
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);
        await service.SignInAsync(page);
        var rows = page.Locator(".runs-table tbody tr");
        await Assertions.Expect(rows).ToHaveCountAsync(3);

        await page.GetByRole(AriaRole.Button, new() { Name = "Connections" }).ClickAsync();
        await ExpectNamesAsync(page, "one sparse", "two", "three");
        await page.GetByRole(AriaRole.Button, new() { Name = "Connections" }).ClickAsync();
        await ExpectNamesAsync(page, "three", "two", "one sparse");
        await page.GetByLabel("Search by name").FillAsync("SPARSE");
        await ExpectNamesAsync(page, "one sparse");
        await page.GetByRole(AriaRole.Button, new() { Name = "Clear", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "epsilon=10" }).ClickAsync();
        await ExpectNamesAsync(page, "two");
        await page.ReloadAsync();
        await ExpectNamesAsync(page, "two");
        await page.GetByLabel("Label, as key=value").FillAsync("epsilon=4");
        await Assertions.Expect(page.GetByText("No run fits")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show all runs" }).ClickAsync();
        await ExpectNamesAsync(page, "three", "two", "one sparse");

        await rows.Nth(0).GetByRole(AriaRole.Checkbox).FocusAsync();
        await page.Keyboard.PressAsync(" ");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync(" ");
        await Assertions.Expect(page.GetByText("2 selected")).ToBeVisibleAsync();
        await Accessibility.CheckAsync(page);
        await page.Locator(".selection").GetByRole(AriaRole.Link, new() { Name = "Compare" }).ClickAsync();
        await ExpectComparisonAsync(page);
        Assert.Empty(errors);
    }

    private static async Task ExpectComparisonAsync(IPage page)
    {
        var chips = page.Locator(".compare-chip a");
        await Assertions.Expect(chips).ToHaveTextAsync(["three", "two"]);
        var curves = page.Locator(".chart-host[aria-label^='Test accuracy of 2 runs']");
        await Assertions.Expect(curves).ToHaveAttributeAsync("aria-label", new Regex(@"three [\d.]+ %, two [\d.]+ %"));
        await page.GetByLabel("Series").SelectOptionAsync("Test loss");
        await Assertions.Expect(page.Locator(".chart-host[aria-label^='Test loss of 2 runs'] canvas")).ToBeVisibleAsync();
        await page.GetByLabel("Axis").SelectOptionAsync("Training time");
        await page.GetByLabel("Logarithmic").CheckAsync();
        await Assertions.Expect(page.GetByText("Not beaten by a smaller one")).ToBeVisibleAsync();

        var settings = page.Locator(".compare-table");
        await Assertions.Expect(settings.GetByRole(AriaRole.Row, new() { Name = "network.topology.epsilon 30 10" })).ToBeVisibleAsync();
        await Assertions.Expect(settings.GetByRole(AriaRole.Row, new() { Name = "seed" })).ToHaveCountAsync(0);
        await page.GetByLabel("Show all settings").CheckAsync();
        await Assertions.Expect(settings.GetByRole(AriaRole.Row, new() { Name = "seed 1 1", Exact = true })).ToBeVisibleAsync();

        var third = await page.GetByLabel("Add a run").Locator("option").Nth(1).TextContentAsync();
        Assert.StartsWith("one sparse", third, StringComparison.Ordinal);
        await page.GetByLabel("Add a run").SelectOptionAsync(third!);
        await Assertions.Expect(chips).ToHaveTextAsync(["three", "two", "one sparse"]);
        await page.ReloadAsync();
        await Assertions.Expect(chips).ToHaveTextAsync(["three", "two", "one sparse"]);
        await Accessibility.CheckAsync(page);
        await Screenshots.TakeAsync(page, "compare");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove two" }).ClickAsync();
        await Assertions.Expect(chips).ToHaveTextAsync(["three", "one sparse"]);
    }

    private static Task ExpectNamesAsync(IPage page, params string[] names) =>
        Assertions.Expect(page.Locator(".runs-table .cell-name a")).ToHaveTextAsync(names);

    private static string Spec(string name, int epsilon) =>
        $$"""
        {
          "name": "{{name}}",
          "labels": { "epsilon": "{{epsilon}}" },
          "dataset": { "generated": { "kind": "glyphs", "trainSamples": 600, "testSamples": 200 } },
          "training": {
            "seed": 1,
            "epochs": 6,
            "batchSize": 50,
            "network": { "layers": [784, 100, 10], "topology": { "kind": "erdosRenyi", "epsilon": {{epsilon}} } }
          }
        }
        """;
}
