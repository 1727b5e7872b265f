namespace SparseService.Engine.Sparse;

/// <summary>
/// The same connections seen from the input neurons, so that the transposed product gathers and never scatters:
/// connection t of column c joins output neuron <c>RowIndices[t]</c> and has its value at <c>Values[Positions[t]]</c> of the matrix.
/// </summary>
public sealed class TransposeIndex
{
    private readonly int[] pattern;

    private TransposeIndex(int[] pattern, long[] columnOffsets, int[] rowIndices, int[] positions)
    {
        this.pattern = pattern;
        ColumnOffsets = columnOffsets;
        RowIndices = rowIndices;
        Positions = positions;
    }

    /// <summary>Length Columns + 1.</summary>
    public long[] ColumnOffsets { get; }

    /// <summary>Ascending inside a column.</summary>
    public int[] RowIndices { get; }

    public int[] Positions { get; }

    /// <summary>Whether this is the index of the matrix's present pattern. Values may have changed in place; new connections are new arrays.</summary>
    public bool IsOf(CsrMatrix matrix) => ReferenceEquals(pattern, matrix.ColumnIndices);

    public int FanOut(int column) => (int)(ColumnOffsets[column + 1] - ColumnOffsets[column]);

    /// <summary>Counting sort by column; O(Nnz + Rows + Columns).</summary>
    public static TransposeIndex Of(CsrMatrix matrix)
    {
        var columnOffsets = new long[matrix.Columns + 1];
        foreach (var column in matrix.ColumnIndices)
        {
            columnOffsets[column + 1]++;
        }

        for (var column = 0; column < matrix.Columns; column++)
        {
            columnOffsets[column + 1] += columnOffsets[column];
        }

        var next = columnOffsets.AsSpan(0, matrix.Columns).ToArray();
        var rowIndices = new int[matrix.Nnz];
        var positions = new int[matrix.Nnz];
        for (var row = 0; row < matrix.Rows; row++)
        {
            for (var k = matrix.RowOffsets[row]; k < matrix.RowOffsets[row + 1]; k++)
            {
                var t = next[matrix.ColumnIndices[k]]++;
                rowIndices[t] = row;
                positions[t] = (int)k;
            }
        }

        return new TransposeIndex(matrix.ColumnIndices, columnOffsets, rowIndices, positions);
    }
}
