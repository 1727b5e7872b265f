using SparseService.Cli.Bench.Partitions;

namespace SparseService.Cli.Bench.Report;

/// <summary><c>docs/partitioning.md</c>: what partitions exchange, made from the result files of <c>partition</c> and
/// <c>partition-aware</c>.</summary>
internal static class PartitionPage
{
    public const string Path = "docs/partitioning.md";

    private static readonly string[] Columns =
    [
        "network", "parts", "random rows", "blocks", "Zoltan PHG", "ours", "Mt-KaHyPar (given)", "ours / Zoltan", "ours / Mt-KaHyPar",
        "messages (Zoltan)", "largest sender (Zoltan)", "imbalance (Zoltan)", "s a layer (Zoltan)",
    ];

    /// <param name="root">Of the checkout.</param>
    /// <returns>Null without a result file of <c>partition</c>.</returns>
    public static string? Of(string root) => ResultFile.Newest<PartitionBenchResult>(root, "partition", result => result.Origin) is { } cuts
        ? Of(cuts, ResultFile.Newest<AwareResult>(root, "partition-aware", result => result.Origin))
        : null;

    public static string Of(PartitionBenchResult cuts, AwareResult? aware)
    {
        var page = new MarkdownPage()
            .Heading(1, "What partitioned training exchanges")
            .Paragraph(
                $"Written by `./sparse bench readme` from what `{cuts.Origin.Command}` measured on {cuts.Origin.Processor}, "
                + $"{cuts.Origin.Date}. Others kept the processors {cuts.Origin.BusyBefore:0 %} busy just before.")
            .Heading(2, "The model")
            .Paragraph(
                "Every rank owns rows (output neurons) of every layer. The value of an input neuron travels from its owner to every",
                "other part that has a row reading it: with its readers and its owner in λ parts, λ − 1 words forward, and as many",
                "sums backward. So a layer is a hypergraph: a vertex per row, as heavy as its connections; a net per input neuron, which",
                "joins its readers and its owner. Layers are cut one after another, the sum of λ − 1 kept small while no part has more",
                "than (1 + ε) times the average work, or, where rows do not divide so well, than a packing of the rows reaches.",
                "[Why so](decisions/0060-partitioner.md).")
            .Heading(2, "Partitioners compared")
            .Paragraph(
                $"Words per layer, sample and direction, ε {cuts.Imbalance}, one scorer for all; each partitioner goes by its own cut",
                "of the layer before. The first layer is counted as if each input lived at one of its readers (in training it costs",
                "nothing: every rank reads the data). Zoltan ran here, through `benchmarks/peers/zoltan_cut.cpp`; the figures of",
                "Mt-KaHyPar (default preset; 128 parts with ε 0.03) were measured on the same RadiX-Nets earlier, and on other random",
                "networks of the same form.")
            .Table(Columns, cuts.Rows.Select(Row));
        if (aware is not null)
        {
            Aware(page, aware);
        }

        return page.ToString();
    }

    private static string[] Row(PartitionRow row) =>
    [
        row.Network, $"{row.Parts}", $"{row.Random.Words:N0}", $"{row.Block.Words:N0}", $"{row.Zoltan.Words:N0}",
        $"**{row.Ours.Words:N0}**",
        row.MtKaHyPar is { } known ? $"{known:N0}" : "", $"{row.Ours.Words / row.Zoltan.Words:0.00}",
        row.MtKaHyPar is { } given ? $"{row.Ours.Words / given:0.00}" : "", $"{row.Ours.Messages:N0} ({row.Zoltan.Messages:N0})",
        $"{row.Ours.LargestSender:N0} ({row.Zoltan.LargestSender:N0})", $"{row.Ours.Imbalance:0.0 %} ({row.Zoltan.Imbalance:0.0 %})",
        $"{row.Ours.MeanSeconds:0.00} ({row.Zoltan.MeanSeconds:0.00})",
    ];

    private static void Aware(MarkdownPage page, AwareResult result)
    {
        var groups = result.Rows.GroupBy(row => row.OwnColumns).ToList();
        var chance = groups.First(group => group.Key is null).ToList();
        page.Heading(2, "Partition-aware evolution")
            .Paragraph(
                "On connections without structure every partitioner saves little. `training.parallel.partition.ownColumns` (of our own,",
                "in no paper) helps: a connection, one of the first or a new one, starts with this probability at a neuron of its rank.",
                "The first layer and an output layer that does not evolve stay as they are.")
            .Paragraph(
                $"{result.Network}, {result.Epochs} epochs, {result.Parts} ranks, means over {chance.Count} seed(s), from "
                + $"`{result.Origin.Command}`: words per sample and direction at the end, with the partition of the first connections.")
            .Table(
                ["ownColumns", "test accuracy", "best", "words, hidden layers", "of chance", "words, all layers", "of chance", "imbalance"],
                groups.Select(group => new[]
                {
                    group.Key is null ? "not set" : $"{group.Key:0.00}", $"{group.Average(row => row.Accuracy):0.00 %}",
                    $"{group.Average(row => row.BestAccuracy):0.00 %}", $"{group.Average(row => row.HiddenWords):N0}",
                    $"{group.Average(row => row.HiddenWords) / chance.Average(row => row.HiddenWords):0 %}",
                    $"{group.Average(row => row.Words):N0}", $"{group.Average(row => row.Words) / chance.Average(row => row.Words):0 %}",
                    $"{group.Max(row => row.HiddenImbalance):0.0 %}",
                }));
    }
}
