using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>Pictures of a page for people to look at: light and dark, desktop and phone, each in full length.</summary>
internal static class Screenshots
{
    private static readonly (string Name, int Width, int Height)[] Sizes = [("desktop", 1280, 800), ("phone", 390, 844)];

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "screenshots");

    /// <summary>
    /// Writes <c>name-light-desktop.png</c> and its three siblings into <see cref="Folder"/> and checks that nothing is wider than the
    /// window; the page stays as it was.
    /// </summary>
    public static async Task TakeAsync(IPage page, string name)
    {
        var before = page.ViewportSize;
        await page.EvaluateAsync("window.scrollTo(0, 0)"); // The sticky bar would stand in the middle of the picture.
        foreach (var (size, width, height) in Sizes)
        {
            await page.SetViewportSizeAsync(width, height);
            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await Appearance.ShowAsync(page, scheme);
                var path = Path.Combine(Folder, $"{name}-{(scheme == ColorScheme.Dark ? "dark" : "light")}-{size}.png");
                await page.ScreenshotAsync(new() { Path = path, FullPage = true, Animations = ScreenshotAnimations.Disabled });
            }

            var content = await page.EvaluateAsync<int>("document.documentElement.scrollWidth");
            Assert.True(content <= width, $"{name} is {content} pixels wide in a window of {width}");
        }

        await page.SetViewportSizeAsync(before!.Width, before.Height);
        await Appearance.ResetAsync(page);
    }
}
