using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>Light or dark, as the system says it; the page must not have a choice of its own stored.</summary>
internal static class Appearance
{
    // Colours that are still changing would be judged, or photographed, half way.
    public static async Task ShowAsync(IPage page, ColorScheme scheme)
    {
        await page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        await Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", scheme == ColorScheme.Dark ? "dark" : "light");
        await SettleAsync(page);
    }

    public static async Task ResetAsync(IPage page)
    {
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Null, ReducedMotion = ReducedMotion.Null });
        await SettleAsync(page);
    }

    /// <summary>Until what was changed is drawn: observers run in the first frame, charts draw in the second.</summary>
    public static Task SettleAsync(IPage page) => page.EvaluateAsync(
        """
        async () => {
          await document.fonts.ready;
          for (let frame = 0; frame < 3; frame++) {
            await new Promise(resolve => requestAnimationFrame(resolve));
          }
        }
        """);
}
