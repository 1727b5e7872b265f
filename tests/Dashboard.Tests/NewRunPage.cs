using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

internal static class NewRunPage
{
    private static readonly ViewportSize Desktop = new() { Width = 1280, Height = 800 };

    /// <summary>The page, reached as a person reaches it, with its first forecast.</summary>
    public static async Task<IPage> OpenAsync(Chromium chromium, LiveApplication service, List<string> errors)
    {
        var page = await chromium.OpenAsync(Desktop, errors);
        await page.GotoAsync(service.CreateStartUpLink());
        await page.GetByRole(AriaRole.Link, new() { Name = "New run" }).First.ClickAsync();
        await Assertions.Expect(page.Locator(".forecast")).ToContainTextAsync("an epoch");
        return page;
    }
}
