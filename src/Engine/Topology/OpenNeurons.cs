namespace SparseService.Engine.Topology;

/// <summary>Which neurons of a layer may still get connections; importance pruning closes neurons for good.</summary>
public sealed class OpenNeurons
{
    private readonly bool[] closedRows;
    private readonly int[]? openColumns;

    /// <param name="closedRows">Output neurons that are removed; length = rows.</param>
    /// <param name="closedColumns">Input neurons that are removed; length = columns.</param>
    public OpenNeurons(bool[] closedRows, bool[] closedColumns)
    {
        this.closedRows = closedRows;
        ColumnCount = closedColumns.Count(closed => !closed);
        if (ColumnCount < closedColumns.Length)
        {
            openColumns = Enumerable.Range(0, closedColumns.Length).Where(column => !closedColumns[column]).ToArray();
        }
    }

    /// <summary>Open input neurons.</summary>
    public int ColumnCount { get; }

    public static OpenNeurons All(int rows, int columns) => new(new bool[rows], new bool[columns]);

    public bool IsRowOpen(int row) => !closedRows[row];

    /// <summary>The <paramref name="rank"/>-th open input neuron, from 0.</summary>
    public int Column(int rank) => openColumns is null ? rank : openColumns[rank];
}
