using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>From the link that the service prints to a run that is watched.</summary>
public sealed class FirstVisitTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly ViewportSize Desktop = new() { Width = 1280, Height = 800 };

    [Fact]
    public async Task StartUpLink_Opened_SignsInOnceAndLeavesNothingInTheAddress()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);
        var requests = new List<string>();
        page.Request += (_, request) => requests.Add(request.Url);
        var link = service.CreateStartUpLink();

        await page.GotoAsync(link);
        await Assertions.Expect(page.GetByText("No runs yet")).ToBeVisibleAsync();
        Assert.DoesNotContain("st_", page.Url, StringComparison.Ordinal);
        Assert.DoesNotContain(requests, url => url.Contains("st_", StringComparison.Ordinal));

        // The key stays in this browser; the link is worth nothing any more.
        await page.ReloadAsync();
        await Assertions.Expect(page.GetByText("No runs yet")).ToBeVisibleAsync();
        Assert.Empty(errors);
        var other = await chromium.OpenAsync(Desktop, []);
        await other.GotoAsync(link);
        await Assertions.Expect(other.GetByRole(AriaRole.Alert)).ToContainTextAsync("used before");
        await Assertions.Expect(other.GetByLabel("API key")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Viewer_OnAnyPage_IsNotOfferedWhatWouldBeRefused()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var page = await chromium.OpenAsync(Desktop, []);
        await page.GotoAsync(service.Address);
        await page.GetByLabel("API key").FillAsync(await service.CreateKeyAsync("a viewer", "viewer"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Datasets" }).ClickAsync();
        await Assertions.Expect(page.GetByText("No datasets yet")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".who")).ToContainTextAsync("viewer");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Choose files" })).ToHaveCountAsync(0);
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "New run" })).ToHaveCountAsync(0);

        // Who comes by a link all the same is told why not.
        await page.GotoAsync($"{service.Address}/dashboard/#/new");
        await Assertions.Expect(page.Locator(".forecast")).ToContainTextAsync("an epoch");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the run" }).ClickAsync();
        await Assertions.Expect(page.Locator(".spec-faults")).ToContainTextAsync("role is viewer; allowed: submitter");
    }

    [Fact]
    public async Task StartUpLink_PastedIntoAnOpenTab_SignsIn()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var page = await chromium.OpenAsync(Desktop, []);
        await page.GotoAsync($"{service.Address}/dashboard/");
        await Assertions.Expect(page.GetByLabel("API key")).ToBeVisibleAsync();

        await page.EvaluateAsync("link => { window.location.hash = new URL(link).hash; }", service.CreateStartUpLink());

        await Assertions.Expect(page.GetByText("No runs yet")).ToBeVisibleAsync();
        Assert.DoesNotContain("st_", page.Url, StringComparison.Ordinal);
    }
}
