using SparseService.Engine.Training;

namespace SparseService.Engine.Topology;

/// <summary>Where the first connections of a layer lie: how many of them fall into each cell of a coarse grid over a part of its matrix.</summary>
/// <param name="Layer">From 1: layer 1 joins the input to the first hidden layer.</param>
/// <param name="Inputs">Input neurons of the layer: the matrix's columns.</param>
/// <param name="Outputs">Output neurons of the layer: the matrix's rows.</param>
/// <param name="Window">The part that is shown.</param>
/// <param name="GridRows">Rows of the grid; each covers Window.Outputs / GridRows output neurons.</param>
/// <param name="GridColumns">Columns of the grid.</param>
/// <param name="Counts">Connections in each cell, row by row.</param>
/// <param name="Nnz">Connections in the window.</param>
/// <param name="Largest">The largest count; 1 when every cell is one connection.</param>
public sealed record SpyPlot(
    int Layer, int Inputs, int Outputs, SpyWindow Window, int GridRows, int GridColumns, IReadOnlyList<int> Counts, long Nnz, int Largest)
{
    /// <summary>Most rows, and most columns, of a grid.</summary>
    public const int MostCells = 256;

    /// <summary>Connections above which a layer is not drawn for a picture: a draw costs about 40 ns.</summary>
    public const double LargestDrawn = 5_000_000;

    private const int CancellationStride = 1 << 16;

    /// <summary>Draws the layer's connections as a run with this seed starts from them, and counts those in the window.</summary>
    /// <param name="network">Validated.</param>
    /// <param name="layer">From 0.</param>
    /// <param name="window">Inside the layer, not empty.</param>
    /// <param name="cells">Largest number of rows and of columns of the grid, 1 to <see cref="MostCells"/>.</param>
    /// <remarks>O(nnz of the layer) time, at most <see cref="LargestDrawn"/>; memory of the grid only.</remarks>
    public static SpyPlot Of(
        NetworkOptions network, int layer, ulong seed, SpyWindow window, int cells, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(TopologyGenerator.ExpectedNnz(network, layer), LargestDrawn, nameof(network));
        var (inputs, outputs) = (network.Layers[layer], network.Layers[layer + 1]);
        var (gridRows, gridColumns) = (Math.Min(cells, window.Outputs), Math.Min(cells, window.Inputs));
        var counts = new int[gridRows * gridColumns];
        var (nnz, largest, drawn) = (0L, 0, 0);
        foreach (var (row, column) in Connections(network, layer, seed))
        {
            if (++drawn % CancellationStride == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (row < window.FirstOutput || row - window.FirstOutput >= window.Outputs
                || column < window.FirstInput || column - window.FirstInput >= window.Inputs)
            {
                continue;
            }

            var gridRow = (int)((row - window.FirstOutput) * gridRows / window.Outputs);
            var gridColumn = (int)((column - window.FirstInput) * gridColumns / window.Inputs);
            largest = Math.Max(largest, ++counts[(gridRow * gridColumns) + gridColumn]);
            nnz++;
        }

        return new SpyPlot(layer + 1, inputs, outputs, window, gridRows, gridColumns, counts, nnz, largest);
    }

    // Row by row where the topology is drawn; in the order of the list where it is the user's own.
    private static IEnumerable<(long Row, long Column)> Connections(NetworkOptions network, int layer, ulong seed)
    {
        if (network.Topology.Kind == TopologyKind.Edges)
        {
            foreach (var edge in network.Topology.Edges![layer])
            {
                yield return (edge[1], edge[0]);
            }

            yield break;
        }

        var columns = network.Layers[layer];
        var cells = TopologyGenerator.Cells(network, layer, seed);
        while (cells.Next(out var cell))
        {
            yield return Math.DivRem(cell, columns);
        }
    }
}

/// <summary>A part of a layer's matrix; neurons are counted from 0.</summary>
public readonly record struct SpyWindow(int FirstInput, int Inputs, int FirstOutput, int Outputs);
