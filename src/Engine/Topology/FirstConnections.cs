using SparseService.Engine.Kernels;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;

namespace SparseService.Engine.Topology;

/// <summary>The connections that a training begins with: a function of its options.</summary>
internal static class FirstConnections
{
    /// <summary>Draws one weight layer with its first weights.</summary>
    /// <param name="layer">From 0.</param>
    public static CsrMatrix Of(TrainingOptions options, int layer) =>
        OwnShareOf(options) is { } share && layer > 0 && options.Network.Topology.Kind != TopologyKind.Edges
            ? NearOwn(options, layer, share)
            : TopologyGenerator.Layer(options.Network, layer, options.Seed);

    private static double? OwnShareOf(TrainingOptions options) =>
        options.Parallel is { Method: ParallelMethod.Partitioned, Workers: > 1 } parallel ? parallel.Partition.OwnColumns : null;

    // With neurons in contiguous blocks, one for each rank, the share of the connections that is wanted later lies inside the blocks from the
    // beginning: evolution alone takes hundreds of epochs to replace the others. As many connections as the topology's kind has on average.
    private static CsrMatrix NearOwn(TrainingOptions options, int layer, double share)
    {
        var (network, parts) = (options.Network, options.Parallel!.Workers);
        var (columns, rows) = (network.Layers[layer], network.Layers[layer + 1]);
        var count = (long)Math.Round(TopologyGenerator.ExpectedNnz(network, layer));
        var (columnIndices, values) = (new DeviceBuffer<int>(count), new DeviceBuffer<float>(count));
        columnIndices.Resize(0);
        values.Resize(0);
        var connections = new Connections(
            new CsrMatrix(rows, columns, new DeviceBuffer<long>(new long[rows + 1]), columnIndices, values), []);
        var open = OpenNeurons.All(rows, columns);
        var own = new OwnColumns(SimpleAssignment.Block(rows, parts), SimpleAssignment.Block(columns, parts), parts, open, share);
        var stream = RandomStream.For(options.Seed, RandomPurpose.Topology, epoch: 0, layer);
        var weights = WeightInitializer.For(network.Weights, columns, rows, count);
        Regrowth.Grow(connections, count, most: count, weights, open, new ExplorationSketch(), ref stream, own);
        return connections.Weights;
    }
}
