namespace SparseService.Engine.Topology;

/// <summary>Which neurons of a layer may still get connections; importance pruning closes neurons for good.</summary>
public sealed class OpenNeurons
{
    private readonly bool[] closedRows;
    private readonly int[]? openColumns;

    /// <param name="closedRows">Output neurons that are removed; length = rows.</param>
    /// <param name="closedColumns">Input neurons that are removed; length = columns.</param>
    public OpenNeurons(bool[] closedRows, bool[] closedColumns)
        : this(closedRows, closedColumns.Length)
    {
        ColumnCount -= closedColumns.AsSpan().Count(true);
        if (ColumnCount < closedColumns.Length)
        {
            openColumns = new int[ColumnCount];
            for (int column = 0, rank = 0; column < closedColumns.Length; column++)
            {
                if (!closedColumns[column])
                {
                    openColumns[rank++] = column;
                }
            }
        }
    }

    /// <summary>With all input neurons open.</summary>
    public OpenNeurons(bool[] closedRows, int columns)
    {
        this.closedRows = closedRows;
        RowCount = closedRows.AsSpan().Count(false);
        ColumnCount = columns;
    }

    /// <summary>Open output neurons.</summary>
    public int RowCount { get; }

    /// <summary>Open input neurons.</summary>
    public int ColumnCount { get; }

    /// <summary>Places for a connection.</summary>
    public long Cells => (long)RowCount * ColumnCount;

    public static OpenNeurons All(int rows, int columns) => new(new bool[rows], columns);

    public bool IsRowOpen(long row) => !closedRows[row];

    /// <summary>The <paramref name="rank"/>-th open input neuron, from 0.</summary>
    public int Column(int rank) => openColumns is null ? rank : openColumns[rank];
}
