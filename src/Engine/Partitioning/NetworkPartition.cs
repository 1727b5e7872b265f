using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Partitioning;

/// <summary>Which part (rank) owns which output neurons of every layer: a row-wise partition of a network (arXiv 2104.11805).</summary>
/// <remarks>The input layer has no owner: every rank reads the data itself.</remarks>
public sealed class NetworkPartition
{
    /// <param name="owners">One array per weight layer, one entry per row: its part, 0 to parts − 1.</param>
    public NetworkPartition(int parts, IReadOnlyList<int[]> owners)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        for (var layer = 0; layer < owners.Count; layer++)
        {
            var stranger = Array.FindIndex(owners[layer], owner => (uint)owner >= (uint)parts);
            if (stranger >= 0)
            {
                throw new ArgumentException(
                    $"Row {stranger} of layer {layer + 1} belongs to part {owners[layer][stranger]}; allowed: 0 to {parts - 1}", nameof(owners));
            }
        }

        (Parts, Owners) = (parts, owners);
    }

    public int Parts { get; }

    /// <summary>One array per weight layer, length = its rows: which part owns each output neuron.</summary>
    public IReadOnlyList<int[]> Owners { get; }

    /// <summary>Assigns the rows of every layer. A function of the patterns, the options, parts and seed, not of threads.</summary>
    /// <param name="layers">From the input on; the columns of each are the rows of the one before.</param>
    /// <param name="parts">1 to 65,536; may be more than a layer has rows.</param>
    /// <param name="effort">Null: all processors, not to be cancelled.</param>
    public static NetworkPartition Of(
        IReadOnlyList<CsrMatrix> layers, PartitionOptions options, int parts, ulong seed, PartitionEffort? effort = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parts, MostParts);
        for (var layer = 1; layer < layers.Count; layer++)
        {
            if (layers[layer].Columns != layers[layer - 1].Rows)
            {
                throw new ArgumentException(
                    $"Layer {layer + 1} has {layers[layer].Columns} columns; allowed: {layers[layer - 1].Rows}, the rows before", nameof(layers));
            }
        }

        return options.Kind switch
        {
            PartitionKind.Random => new(parts, [.. layers.Select((layer, l) => SimpleAssignment.Random(layer.Rows, parts, seed, l))]),
            PartitionKind.Block => new(parts, [.. layers.Select(layer => SimpleAssignment.Block(layer.Rows, parts))]),
            _ => Cut(layers, options, parts, seed, effort ?? new PartitionEffort()),
        };
    }

    // Layer by layer: where a layer's rows are is where the next one's inputs live.
    private static NetworkPartition Cut(
        IReadOnlyList<CsrMatrix> layers, PartitionOptions options, int parts, ulong seed, PartitionEffort effort)
    {
        var owners = new int[layers.Count][];
        for (var l = 0; l < owners.Length; l++)
        {
            var stream = RandomStream.For(seed, RandomPurpose.Partition, epoch: 1, l);
            owners[l] = LayerCut.Of(layers[l], l == 0 ? null : owners[l - 1], parts, options.Imbalance, stream, effort);
        }

        return new NetworkPartition(parts, owners);
    }

    /// <summary>Of the connections that a training begins with: what partitioned training, and partition-aware evolution, go by to its end.</summary>
    /// <param name="options">With <see cref="TrainingOptions.Parallel"/>.</param>
    public static NetworkPartition OfFirst(TrainingOptions options, int parts)
    {
        var layers = Enumerable.Range(0, options.Network.Layers.Count - 1)
            .Select(layer => FirstConnections.Of(options, layer)).ToArray();
        try
        {
            return Of(layers, options.Parallel!.Partition, parts, options.Seed);
        }
        finally
        {
            foreach (var layer in layers)
            {
                layer.Dispose();
            }
        }
    }

    /// <summary>Bound of the number of parts: a part's number fits 16 bits.</summary>
    public const int MostParts = 1 << 16;
}
