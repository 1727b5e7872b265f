using SparseService.Cli.Bench.Scaling;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Report;

/// <summary><c>docs/scaling.md</c>: partitioned training on more ranks, made from the result file of <c>scaling</c> alone.</summary>
internal static class ScalingPage
{
    public const string Path = "docs/scaling.md";

    /// <param name="root">Of the checkout.</param>
    /// <returns>Null without a result file.</returns>
    public static string? Of(string root) =>
        ResultFile.Newest<ScalingResult>(root, "scaling", result => result.Origin) is { } result ? Of(result) : null;

    public static string Of(ScalingResult result)
    {
        var origin = result.Origin;
        var page = new MarkdownPage()
            .Heading(1, "Partitioned training on more ranks")
            .Paragraph(
                $"Written by `./sparse bench readme` from what `{origin.Command}` measured on {origin.Processor}, {origin.Date}"
                + (origin.BusyBefore is { } busy ? $", with {busy:0 %} of the processors kept busy by others." : "."),
                "Every rank owns rows of every layer; `Engine/Parallel/Simulation` predicts a step from what each rank has to",
                "compute, send and receive in each layer, and from four numbers of a machine: seconds a message, bytes a second,",
                "operations a second, and what its processor spends on a neuron's values to pack and unpack them.")
            .Heading(2, "Measured against predicted")
            .Paragraph(
                "Ranks are threads with one kernel thread each; four share this machine's two processors. The operations a second are",
                $"those of the step on one rank, so that its prediction is no prediction;",
                $"a message was measured to take {1e9 * result.Link.Latency:0} ns,",
                $"a neuron's values from one rank to the other {1e9 * result.Link.ValueSeconds:0.0} ns and"
                + $" {1e9 * result.Link.ValueByteSeconds:0.000} ns for each of their bytes.",
                "Every number below is of a moment in which both processors had a cache in common (virtual ones move about).")
            .Table(
                ["network", "partition", "ranks", "words a sample", "measured step", "predicted", "predicted / measured"],
                result.Validations.Select(Row))
            .Heading(2, "Words")
            .Paragraph(
                "Of one direction and sample, in a layer between two of the width given whose neurons are read by four others on",
                "average (Erdős–Rényi, ε 2): counted for both partitions, and by the formula for a random one, N·(P − 1)·(1 − e^(−4/P)).")
            .Table(
                ["neurons", "parts", "random", "formula", "hypergraph", "hypergraph / random"],
                result.Volumes.Select(point => new[]
                {
                    $"{point.Width:N0}", $"{point.Parts}", $"{point.RandomWords:N0}", $"{point.FormulaWords:N0}",
                    $"{point.HypergraphWords:N0}", $"{point.Ratio:0.000}",
                }))
            .Paragraph(
                $"The line fitted to the last column: {result.Fit.AtOne:0.000} {result.Fit.EachDoubling:+0.0000;−0.0000} for each",
                "doubling of the parts, at most 1.")
            .Heading(2, "Predicted: 1 to 50 million neurons")
            .Paragraph(
                "65,536 inputs, ten equal hidden layers, 2 outputs, ε 2, batch 16, as in docs/scale.md. A rank computes as one",
                "processor of the machine above did on the second network measured, and has a network card to itself. These layers",
                "were not drawn: words come from the formula and the line above (parts beyond those measured are extrapolated), work",
                "is even but for 1 % with the hypergraph and three standard deviations with random rows.",
                "A step, and how many times faster than on one rank.");
        foreach (var link in result.Predictions.Select(point => point.Link).Distinct())
        {
            Predictions(page, link, [.. result.Predictions.Where(point => point.Link == link)]);
        }

        return page.ToString();
    }

    private static string[] Row(ScalingValidation point) =>
    [
        point.Network, point.Ranks == 1 ? "none" : Name(point.Kind), $"{point.Ranks}", $"{point.Words:N0}",
        SweepTable.Time(point.MeasuredSeconds), SweepTable.Time(point.PredictedSeconds),
        $"{point.PredictedSeconds / point.MeasuredSeconds:0.00}",
    ];

    private static void Predictions(MarkdownPage page, string link, IReadOnlyList<ScalingPrediction> points)
    {
        var ranks = points.Select(point => point.Ranks).Distinct().ToArray();
        page.Heading(3, link).Table(
            ["neurons", "partition", .. ranks.Select(count => count == 1 ? "1 rank" : $"{count} ranks")],
            points.GroupBy(point => (point.Neurons, point.Kind)).Select(row => (string[])
            [
                $"{row.Key.Neurons:N0}", Name(row.Key.Kind),
                .. row.OrderBy(point => point.Ranks)
                    .Select(point => $"{SweepTable.Time(point.Seconds)}, {row.First().Seconds / point.Seconds:0.0}"),
            ]));
    }

    private static string Name(PartitionKind kind) => kind == PartitionKind.Random ? "random" : "hypergraph";
}
