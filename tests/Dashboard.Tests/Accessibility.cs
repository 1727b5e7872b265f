using System.Text.Json;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>axe-core over a page as it stands, in light and in dark.</summary>
internal static class Accessibility
{
    private static readonly string[] Refused = ["serious", "critical"];
    private static readonly Lazy<string> Axe = new(() =>
        File.ReadAllText(Path.Combine(BuiltPage.Sources, "node_modules", "axe-core", "axe.min.js")));

    /// <summary>Fails with rule, element and fix when axe-core finds a serious or critical violation; the page stays as it was.</summary>
    public static async Task CheckAsync(IPage page)
    {
        var found = new List<string>();
        foreach (var scheme in new[] { ColorScheme.Dark, ColorScheme.Light })
        {
            await Appearance.ShowAsync(page, scheme);
            found.AddRange(await FindAsync(page, scheme));
        }

        await Appearance.ResetAsync(page);
        Assert.True(found.Count == 0, $"axe-core at {page.Url}:\n{string.Join("\n", found)}");
    }

    private static async Task<IEnumerable<string>> FindAsync(IPage page, ColorScheme scheme)
    {
        // Evaluated from outside, as the debugger does: the page's Content-Security-Policy takes no script tag.
        if (!await page.EvaluateAsync<bool>("() => 'axe' in window"))
        {
            await page.EvaluateAsync(Axe.Value);
        }

        var result = await page.EvaluateAsync<JsonElement>("() => axe.run(document, { resultTypes: ['violations'] })");
        return
            from violation in result.GetProperty("violations").EnumerateArray()
            let impact = violation.GetProperty("impact").GetString()
            where Refused.Contains(impact)
            from node in violation.GetProperty("nodes").EnumerateArray()
            let summary = node.GetProperty("failureSummary").GetString()!.ReplaceLineEndings(" ")
            select $"[{scheme}, {impact}] {violation.GetProperty("id")}: {violation.GetProperty("help")}\n"
                + $"    at  {node.GetProperty("target")}  {node.GetProperty("html")}\n    fix {summary}";
    }
}
