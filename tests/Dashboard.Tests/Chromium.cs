using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>The system's Chromium without a window; each test takes a fresh profile from it.</summary>
public sealed class Chromium : IAsyncLifetime
{
    // A page that never gets there fails a test; one that is slow, on a machine that others use too, does not.
    private const float PatienceMs = 300_000;

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
    private IPlaywright? playwright;
    private IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        if (BuiltPage.FindProgram(Names) is not { } program)
        {
            return;
        }

        Assertions.SetDefaultExpectTimeout(PatienceMs);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = program,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
    }

    public async Task<IPage> OpenAsync(ViewportSize size, List<string> consoleErrors)
    {
        Assert.SkipWhen(browser is null, $"None of {string.Join(", ", Names)} is installed (Debian: apt-get install chromium)");
        var context = await browser!.NewContextAsync(new BrowserNewContextOptions { ViewportSize = size });
        context.SetDefaultTimeout(PatienceMs);
        var page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                consoleErrors.Add($"{message.Text} at {message.Location}");
            }
        };
        page.PageError += (_, error) => consoleErrors.Add(error);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.DisposeAsync();
        }

        playwright?.Dispose();
    }
}
