using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;

namespace SparseService.Engine.Topology;

/// <summary>Draws the first connections and weights of a network: O(nnz + neurons) time and memory.</summary>
public static unsafe class TopologyGenerator
{
    /// <summary>Draws one weight layer.</summary>
    /// <param name="layer">From 0; layer 0 joins <c>Layers[0]</c> to <c>Layers[1]</c>.</param>
    /// <returns>Row = output neuron, column = input neuron; values drawn from <see cref="NetworkOptions.Weights"/>.</returns>
    public static CsrMatrix Layer(NetworkOptions network, int layer, ulong seed)
    {
        var matrix = Pattern(network, layer, seed);
        var stream = RandomStream.For(seed, RandomPurpose.Weights, epoch: 0, layer);
        var initializer = WeightInitializer.For(network.Weights, matrix.Columns, matrix.Rows, matrix.Nnz);
        for (var k = 0L; k < matrix.Nnz; k++)
        {
            matrix.Values.Pointer[k] = initializer.Draw(ref stream);
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

        return FromCells(Cells(network, layer, seed), rows, columns);
    }

    /// <summary>The connections of a layer one by one, as row·columns + column ascending; of every kind but
    /// <see cref="TopologyKind.Edges"/>.</summary>
    internal static RandomCells Cells(NetworkOptions network, int layer, ulong seed)
    {
        var cells = (long)network.Layers[layer] * network.Layers[layer + 1];
        var density = LayerDensities.Of(network.Topology, network.Layers)[layer];
        var stream = RandomStream.For(seed, RandomPurpose.Topology, epoch: 0, layer);

        // Erdős–Rényi leaves the count to chance, as SET does. The others promise a count, and users check it.
        return network.Topology.Kind == TopologyKind.ErdosRenyi
            ? RandomCells.Bernoulli(cells, density, stream)
            : RandomCells.Distinct(cells, (long)Math.Round(density * cells), ref stream);
    }

    private static CsrMatrix FromCells(RandomCells cells, int rows, int columns)
    {
        var rowOffsets = new DeviceBuffer<long>(rows + 1L);
        var columnIndices = new DeviceBuffer<int>(cells.Left);
        var (row, rowStart, k) = (0, 0L, 0L);
        rowOffsets[0] = 0;
        while (cells.Next(out var cell))
        {
            for (; cell - rowStart >= columns; rowStart += columns)
            {
                rowOffsets.Pointer[++row] = k;
            }

            columnIndices.Pointer[k++] = (int)(cell - rowStart);
        }

        while (row < rows)
        {
            rowOffsets.Pointer[++row] = k;
        }

        return WithZeros(rows, columns, rowOffsets, columnIndices);
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
        cells = cells.Distinct().ToArray();
        var rowOffsets = new DeviceBuffer<long>(rows + 1L);
        rowOffsets.Clear();
        var columnIndices = new DeviceBuffer<int>(cells.Length);
        for (var k = 0; k < cells.Length; k++)
        {
            var (row, column) = Math.DivRem(cells[k], columns);
            rowOffsets[row + 1]++;
            columnIndices[k] = (int)column;
        }

        for (var row = 0L; row < rows; row++)
        {
            rowOffsets[row + 1] += rowOffsets[row];
        }

        return WithZeros(rows, columns, rowOffsets, columnIndices);
    }

    private static CsrMatrix WithZeros(int rows, int columns, DeviceBuffer<long> rowOffsets, DeviceBuffer<int> columnIndices)
    {
        var values = new DeviceBuffer<float>(columnIndices.Length);
        values.Clear();
        return new CsrMatrix(rows, columns, rowOffsets, columnIndices, values);
    }
}
