namespace SparseService.Cli.Bench.Scale;

/// <summary>The scale benchmark as a picture.</summary>
internal static class ScalePlot
{
    public static string Of(ScaleResult result)
    {
        var charts = new List<LogChart>
        {
            new("One layer: seconds", "connections", [
                Line("initialise", result.Layers, point => (point.Nnz, point.Initialise.Median)),
                Line("transpose", result.Layers, point => (point.Nnz, point.Transpose.Median)),
                Line("evolve", result.Layers, point => (point.Nnz, point.Evolve.Median)),
                Line("prune", result.Layers, point => (point.Nnz, point.Prune.Median)),
            ]),
            new("Whole network: seconds, GB of memory", "neurons", [
                Line("step, s", result.Networks, point => (point.Neurons, point.Step.Median)),
                Line("evolution, s", result.Networks, point => (point.Neurons, point.EvolutionSeconds)),
                Line("peak memory, GB", result.Networks, point => (point.Neurons, point.PeakMemoryBytes / 1e9)),
            ]),
        };
        charts.RemoveAll(chart => chart.Lines.All(line => line.Points.Count == 0));
        var canvas = new SvgCanvas(charts.Count * LogChart.Width, LogChart.Height + 24);
        foreach (var (at, chart) in charts.Index())
        {
            chart.Draw(canvas, at * LogChart.Width);
        }

        canvas.Text(
            12, LogChart.Height + 14,
            $"{result.Origin.Processor}, {result.Origin.Date}. Layers on one thread, networks on {result.Threads}. Dotted: linear growth.",
            "#666666");
        return canvas.ToString();
    }

    private static PlotLine Line<T>(string name, IEnumerable<T> points, Func<T, (double X, double Y)> at) =>
        new(name, [.. points.Select(at).Where(point => point is { X: > 0, Y: > 0 })]);
}
