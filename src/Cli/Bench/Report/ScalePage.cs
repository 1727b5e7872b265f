using SparseService.Cli.Bench.Scale;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Report;

/// <summary><c>docs/scale.md</c>: how time and memory grow, made from the result file of <c>scale</c> alone.</summary>
internal static class ScalePage
{
    public const string Path = "docs/scale.md";

    private const int OnPaper = 500_000_000;
    private const int WeightLayers = 11;

    private static readonly string[] LayerColumns =
        ["connections", "initialise", "transpose", "evolve (SET, 30 %)", "importance pruning", "peak memory"];

    private static readonly string[] NetworkColumns =
    [
        "neurons", "connections", "create", "step", "ns per connection", "evolution", "test of 16", "epoch", "checkpoint", "peak memory",
        "forecast", "bytes per connection", "bytes per neuron",
    ];

    /// <param name="root">Of the checkout.</param>
    /// <returns>Null without a result file.</returns>
    public static string? Of(string root) =>
        ResultFile.Newest<ScaleResult>(root, "scale", result => result.Origin) is { } result ? Of(result) : null;

    public static string Of(ScaleResult result)
    {
        var (origin, growth) = (result.Origin, result.Exponents);
        var page = new MarkdownPage()
            .Heading(1, "How time and memory grow")
            .Paragraph(
                $"Written by `./sparse bench readme` from what `{origin.Command}` measured on {origin.Processor}, {origin.Date}.",
                "Each size ran in a process of its own: peak memory is that of the whole process, as the operating system counted it.")
            .Paragraph("![Seconds and memory over connections and neurons, both axes logarithmic](images/scale.svg)")
            .Heading(2, "One layer")
            .Paragraph("A square layer with a mean fan-in of 20, one thread: time, and nanoseconds per connection.")
            .Table(LayerColumns, result.Layers.Select(Row))
            .Paragraph(
                "time ~ connections^x, from a million connections on:",
                $"initialise {growth.Initialise:0.00}, transpose {growth.Transpose:0.00}, evolve {growth.Evolve:0.00}, "
                + $"prune {growth.Prune:0.00}. 1 is linear.");
        if (result.Networks is [.., var largest])
        {
            page.Heading(2, "Whole networks")
                .Paragraph(
                    $"65,536 inputs, ten equal hidden layers, 2 outputs, epsilon 2, batch 16, {result.Threads} threads.",
                    "The epoch is that of [bat-brain.json](../deploy/examples/bat-brain.json): 256 samples, a test of 64, an evolution.")
                .Table(NetworkColumns, result.Networks.Select(Row));
            Paper(page, largest);
        }

        return page.ToString();
    }

    private static string[] Row(LayerPoint point)
    {
        return
        [
            $"{point.Nnz:N0}", Each(point.Initialise), Each(point.Transpose), Each(point.Evolve), Each(point.Prune),
            SweepTable.Bytes(point.PeakMemoryBytes),
        ];

        string Each(Series time) => $"{SweepTable.Time(time.Median)}, {1e9 * time.Median / point.Nnz:0.0} ns";
    }

    private static string[] Row(NetworkPoint point) =>
    [
        $"{point.Neurons:N0}", $"{point.Nnz:N0}", SweepTable.Time(point.CreateSeconds), SweepTable.Time(point.Step.Median),
        $"{point.NanosecondsPerConnection:0.0}", SweepTable.Time(point.EvolutionSeconds), SweepTable.Time(point.TestSeconds),
        SweepTable.Time(point.ExampleEpochSeconds), SweepTable.Bytes(point.CheckpointBytes), SweepTable.Bytes(point.PeakMemoryBytes),
        SweepTable.Bytes(point.ForecastBytes),
        $"{point.BytesPerConnection:0}", $"{point.BytesPerNeuron:0}",
    ];

    private static void Paper(MarkdownPage page, NetworkPoint largest)
    {
        var forecast = RunForecast.Of(NetworkPart.OptionsOf(OnPaper));
        var times = (double)forecast.Nnz / largest.Nnz;
        page.Heading(2, $"{OnPaper:N0} neurons, on paper")
            .Paragraph(
                $"The same form has {forecast.Nnz:N0} connections, {forecast.Nnz / WeightLayers:N0} in a layer on average; one layer may",
                $"hold {CsrMatrix.MaximumNnz:N0}. The forecast is {SweepTable.Bytes(forecast.TrainingBytes)} of memory for training and "
                + $"{SweepTable.Bytes(forecast.ModelBytes)} for the stored model.",
                $"With time and file growing as the connections do from the largest network above ({times:0.0} times), a step of 16",
                $"samples takes {SweepTable.Time(largest.Step.Median * times)}, an evolution "
                + $"{SweepTable.Time(largest.EvolutionSeconds * times)}, "
                + $"and a checkpoint has {SweepTable.Bytes(largest.CheckpointBytes * times)}.",
                "It needs a machine with that memory: the sizes of the engine's arrays and counters do not stand in the way.");
    }
}
