using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>
/// Partition-aware evolution (of our own): with a given probability a new connection of a row starts at a neuron of the row's own part, so that its value
/// need not travel. The other new connections start at neurons of the other parts.
/// </summary>
public sealed class OwnColumns
{
    private readonly int[] rowParts;
    private readonly int[] columnParts;
    private readonly int[] columns;
    private readonly int[] starts;

    /// <param name="rowParts">Part of each output neuron.</param>
    /// <param name="columnParts">Part of each input neuron.</param>
    /// <param name="share">The probability, 0 to 1. Where the own columns are full, the others get the rest.</param>
    public OwnColumns(int[] rowParts, int[] columnParts, int parts, OpenNeurons open, double share)
    {
        (this.rowParts, this.columnParts, Share) = (rowParts, columnParts, share);
        starts = new int[parts + 1];
        for (var rank = 0; rank < open.ColumnCount; rank++)
        {
            starts[columnParts[open.Column(rank)] + 1]++;
        }

        for (var part = 0; part < parts; part++)
        {
            starts[part + 1] += starts[part];
        }

        var next = starts[..parts];
        columns = new int[open.ColumnCount];
        for (var rank = 0; rank < columns.Length; rank++)
        {
            var column = open.Column(rank);
            columns[next[columnParts[column]]++] = column;
        }

        for (var row = 0; row < rowParts.Length; row++)
        {
            Cells += open.IsRowOpen(row) ? Count(row) : 0;
        }
    }

    /// <summary>Of new connections that start at a neuron of the same part.</summary>
    public double Share { get; }

    /// <summary>Open cells whose neurons belong to the same part.</summary>
    public long Cells { get; }

    /// <summary>Open columns of the row's part.</summary>
    public int Count(long row) => starts[rowParts[row] + 1] - starts[rowParts[row]];

    /// <summary>The <paramref name="rank"/>-th of them, from 0, ascending.</summary>
    public int Column(long row, int rank) => columns[starts[rowParts[row]] + rank];

    public bool IsOwn(long row, int column) => rowParts[row] == columnParts[column];

    /// <summary>Connections whose neurons belong to the same part.</summary>
    /// <param name="numbers">Row of the layer that each row of the matrix is; null: all in order.</param>
    public unsafe long CountOwn(CsrMatrix weights, int[]? numbers = null)
    {
        var own = 0L;
        for (var row = 0; row < weights.Rows; row++)
        {
            var part = rowParts[numbers?[row] ?? row];
            for (var k = weights.RowOffsets.Pointer[row]; k < weights.RowOffsets.Pointer[row + 1L]; k++)
            {
                own += columnParts[weights.ColumnIndices.Pointer[k]] == part ? 1 : 0;
            }
        }

        return own;
    }
}
