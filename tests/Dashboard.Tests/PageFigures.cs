using System.Text.Json;
using Microsoft.Playwright;

namespace SparseService.Dashboard.Tests;

/// <summary>What a page costs its browser, as the browser itself counts it.</summary>
internal sealed class PageFigures
{
    // Runs before the page does: notes long tasks, and when the curves of the past stand.
    private const string Watch =
        """
        window.figures = { longTasks: [], curvesAt: null };
        new PerformanceObserver(list => list.getEntries().forEach(entry => window.figures.longTasks.push(entry.duration)))
          .observe({ type: "longtask", buffered: true });
        const look = () => {
          const chart = document.querySelector(".chart-host[aria-label^='Loss']:has(canvas)");
          if (chart && /test [\d.]+/.test(chart.getAttribute("aria-label"))) {
            window.figures.curvesAt = performance.now();
          } else {
            requestAnimationFrame(look);
          }
        };
        requestAnimationFrame(look);
        """;

    private readonly IPage page;
    private readonly ICDPSession session;

    private PageFigures(IPage page, ICDPSession session)
    {
        this.page = page;
        this.session = session;
    }

    /// <summary>Call it before the page opens anything.</summary>
    public static async Task<PageFigures> WatchAsync(IPage page)
    {
        await page.AddInitScriptAsync(Watch);
        var session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("Performance.enable");
        return new PageFigures(page, session);
    }

    /// <summary>Bytes of script objects that are in use, and nodes of the document, after a collection.</summary>
    public async Task<(double HeapBytes, double Nodes)> MemoryAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            await session.SendAsync("HeapProfiler.collectGarbage");
        }

        return (await MetricAsync("JSHeapUsedSize"), await MetricAsync("Nodes"));
    }

    /// <summary>Seconds that the main thread has worked so far: script, style, layout, paint.</summary>
    public Task<double> MainThreadSecondsAsync() => MetricAsync("TaskDuration");

    /// <summary>The part of it that is script.</summary>
    public Task<double> ScriptSecondsAsync() => MetricAsync("ScriptDuration");

    public Task<double> FirstPaintMsAsync() => page.EvaluateAsync<double>(
        "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1");

    /// <summary>From the navigation until the curves of the whole past are drawn.</summary>
    public async Task<double> CurvesMsAsync()
    {
        await page.WaitForFunctionAsync("() => window.figures.curvesAt !== null");
        return await page.EvaluateAsync<double>("() => window.figures.curvesAt");
    }

    /// <summary>Tasks of 50 ms and more since the last call.</summary>
    public Task<double[]> TakeLongTasksAsync() => page.EvaluateAsync<double[]>("() => window.figures.longTasks.splice(0)");

    private async Task<double> MetricAsync(string name)
    {
        var answer = (await session.SendAsync("Performance.getMetrics"))!.Value;
        return answer.GetProperty("metrics").EnumerateArray()
            .Single(metric => metric.GetProperty("name").GetString() == name).GetProperty("value").GetDouble();
    }
}
