using SparseService.Engine.Sparse;
using SparseService.Engine.Training;

namespace SparseService.Engine.Topology;

/// <summary>Draws the first connections and weights of a network: O(nnz + neurons) time and memory.</summary>
public static class TopologyGenerator
{
    /// <summary>Draws one weight layer.</summary>
    /// <param name="layer">From 0; layer 0 joins <c>Layers[0]</c> to <c>Layers[1]</c>.</param>
    /// <returns>Row = output neuron, column = input neuron; values drawn from <see cref="NetworkOptions.Weights"/>.</returns>
    public static CsrMatrix Layer(NetworkOptions network, int layer, ulong seed)
    {
        var matrix = Pattern(network, layer, seed);
        var stream = RandomStream.For(seed, RandomPurpose.Weights, epoch: 0, layer);
        var initializer = WeightInitializer.For(network.Weights, matrix.Columns, matrix.Rows, matrix.Nnz);
        foreach (ref var value in matrix.Values.Span)
        {
            value = initializer.Draw(ref stream);
        }

        return matrix;
    }

    /// <summary>Connections expected of a layer, without drawing it.</summary>
    public static double ExpectedNnz(NetworkOptions network, int layer) => network.Topology.Kind == TopologyKind.Edges
        ? network.Topology.Edges![layer].Count
        : LayerDensities.Of(network.Topology, network.Layers)[layer] * network.Layers[layer] * network.Layers[layer + 1];

    /// <summary>The connections of a layer, with all values 0.</summary>
    internal static CsrMatrix Pattern(NetworkOptions network, int layer, ulong seed)
    {
        var (columns, rows) = (network.Layers[layer], network.Layers[layer + 1]);
        if (network.Topology.Kind == TopologyKind.Edges)
        {
            return FromEdges(network.Topology.Edges![layer], rows, columns);
        }

        var cells = (long)rows * columns;
        var density = LayerDensities.Of(network.Topology, network.Layers)[layer];
        var stream = RandomStream.For(seed, RandomPurpose.Topology, epoch: 0, layer);

        // Erdős–Rényi leaves the count to chance, as SET does. The others promise a count, and users check it.
        return network.Topology.Kind == TopologyKind.ErdosRenyi
            ? FromCells(RandomCells.Bernoulli(cells, density, stream), rows, columns, density * cells)
            : FromCells(RandomCells.Distinct(cells, (long)Math.Round(density * cells), ref stream), rows, columns, density * cells);
    }

    private static CsrMatrix FromCells(IEnumerable<long> ascendingCells, int rows, int columns, double expected)
    {
        // Five standard deviations of room: the list all but never grows.
        var columnIndices = new List<int>((int)Math.Min(Array.MaxLength, expected + (5 * Math.Sqrt(expected)) + 16));
        var rowOffsets = new long[rows + 1];
        foreach (var cell in ascendingCells)
        {
            var row = (int)(cell / columns);
            columnIndices.Add((int)(cell - ((long)row * columns)));
            rowOffsets[row + 1]++;
        }

        for (var row = 0; row < rows; row++)
        {
            rowOffsets[row + 1] += rowOffsets[row];
        }

        return new CsrMatrix(rows, columns, rowOffsets, columnIndices.ToArray(), new float[columnIndices.Count]);
    }

    private static CsrMatrix FromEdges(IReadOnlyList<int[]> edges, int rows, int columns)
    {
        var cells = new long[edges.Count];
        for (var i = 0; i < cells.Length; i++)
        {
            var (from, to) = (edges[i][0], edges[i][1]);
            ArgumentOutOfRangeException.ThrowIfNegative(from);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(from, columns);
            ArgumentOutOfRangeException.ThrowIfNegative(to);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(to, rows);
            cells[i] = ((long)to * columns) + from;
        }

        Array.Sort(cells);
        return FromCells(cells.Distinct(), rows, columns, cells.Length);
    }
}
