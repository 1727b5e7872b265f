using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>What every page of the shell owes to people who cannot see it, and its pictures.</summary>
public sealed class AccessibilityTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly ViewportSize Desktop = new() { Width = 1280, Height = 800 };
    private static readonly ViewportSize Phone = new() { Width = 390, Height = 844 };

    [Fact]
    public async Task SignInRunsAndRun_InLightAndDark_HaveNoSeriousViolation()
    {
        await BuiltPage.RequireAsync();
        await using var service = await LiveApplication.StartAsync();
        var errors = new List<string>();
        var page = await chromium.OpenAsync(Desktop, errors);

        await page.GotoAsync(service.Address);
        await Assertions.Expect(page.GetByLabel("API key")).ToBeVisibleAsync();
        await Accessibility.CheckAsync(page);
        await Screenshots.TakeAsync(page, "sign-in");

        await service.SignInAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Start the demo run" }).ClickAsync();
        await Assertions.Expect(page.Locator(".run-head .chip")).ToHaveTextAsync("Succeeded");
        await Accessibility.CheckAsync(page);
        await Screenshots.TakeAsync(page, "run");

        await page.GetByRole(AriaRole.Navigation, new() { Name = "Pages" }).GetByRole(AriaRole.Link, new() { Name = "Runs" }).ClickAsync();
        await Assertions.Expect(page.Locator(".runs-table tbody tr")).ToHaveCountAsync(1);
        await Accessibility.CheckAsync(page);
        await Screenshots.TakeAsync(page, "runs");

        // A phone shows every page's name at once.
        await page.SetViewportSizeAsync(Phone.Width, Phone.Height);
        var navigation = page.GetByRole(AriaRole.Navigation, new() { Name = "Pages" });
        await Assertions.Expect(navigation.GetByRole(AriaRole.Link, new() { Name = "Admin" })).ToBeVisibleAsync();
        Assert.Equal(0, await navigation.EvaluateAsync<int>("bar => bar.scrollWidth - bar.clientWidth"));
        Assert.Empty(errors);
    }
}
