using SparseService.Engine.Sparse;

namespace SparseService.Engine.Partitioning;

/// <summary>What a partition costs: per sample and direction (forward, or the exact reverse backward).</summary>
/// <remarks>
/// A neuron's value travels from its owner to every other part that has a row reading it: for the net of an input neuron with its readers and its owner as
/// pins, in λ parts, that is λ − 1 words (docs/partitioning.md).
/// </remarks>
public sealed record PartitionScore
{
    public required int Parts { get; init; }

    public required IReadOnlyList<LayerScore> Layers { get; init; }

    /// <summary>Of all layers.</summary>
    public long Words => Layers.Sum(layer => layer.Words);

    /// <summary>Of all layers.</summary>
    public long Messages => Layers.Sum(layer => layer.Messages);

    /// <summary>Most words that one part sends, layers added up.</summary>
    public required long LargestSender { get; init; }

    /// <summary>Of the worst layer.</summary>
    public double Imbalance => Layers.Select(layer => layer.Imbalance).DefaultIfEmpty().Max();

    /// <summary>Counts. O(connections + neurons + parts²) a layer.</summary>
    /// <param name="inputTravels">
    /// Whether the first layer is counted, as if each input lived at the lowest-numbered part that reads it. In training every rank reads the data itself: no.
    /// </param>
    public static PartitionScore Of(IReadOnlyList<CsrMatrix> layers, NetworkPartition partition, bool inputTravels = false)
    {
        if (layers.Count != partition.Owners.Count || layers.Where((layer, l) => layer.Rows != partition.Owners[l].Length).Any())
        {
            throw new ArgumentException("The partition has other layers or rows than the network", nameof(partition));
        }

        var sent = new long[partition.Parts];
        var scores = new LayerScore[layers.Count];
        for (var l = 0; l < scores.Length; l++)
        {
            var sources = l == 0 ? null : partition.Owners[l - 1];
            scores[l] = LayerScore.Of(layers[l], l, sources, partition.Owners[l], partition.Parts, l > 0 || inputTravels, sent);
        }

        return new PartitionScore { Parts = partition.Parts, Layers = scores, LargestSender = sent.Max() };
    }
}
