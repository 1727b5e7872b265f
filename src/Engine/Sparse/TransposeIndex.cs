using SparseService.Engine.Kernels;

namespace SparseService.Engine.Sparse;

/// <summary>
/// The same connections seen from the input neurons, so that the transposed product gathers and never scatters:
/// connection t of column c joins output neuron <c>RowIndices[t]</c> and has its value at <c>Values[Positions[t]]</c> of the matrix.
/// </summary>
public sealed class TransposeIndex : IDisposable
{
    private readonly CsrMatrix matrix;
    private long version;
    private ColumnGroups? groups;
    private long groupsVersion = -1;

    private TransposeIndex(CsrMatrix matrix)
    {
        this.matrix = matrix;
        ColumnOffsets = new DeviceBuffer<long>(matrix.Columns + 1L);
        RowIndices = new DeviceBuffer<int>(matrix.Nnz);
        Positions = new DeviceBuffer<int>(matrix.Nnz);
    }

    /// <summary>Length Columns + 1.</summary>
    public DeviceBuffer<long> ColumnOffsets { get; }

    /// <summary>Ascending inside a column.</summary>
    public DeviceBuffer<int> RowIndices { get; }

    public DeviceBuffer<int> Positions { get; }

    /// <summary>The same in whole groups. Made when first asked for after a rebuild.</summary>
    internal ColumnGroups Groups
    {
        get
        {
            groups ??= new ColumnGroups(this);
            if (groupsVersion != version)
            {
                groups.Rebuild(this, zero: checked((int)matrix.Values.Capacity));
                groupsVersion = version;
            }

            return groups;
        }
    }

    /// <summary>What it is the index of.</summary>
    internal CsrMatrix Matrix => matrix;

    /// <summary>Whether this is the index of the matrix's present pattern. Values may have changed.</summary>
    public bool IsOf(CsrMatrix other) => ReferenceEquals(matrix, other) && version == other.PatternVersion;

    public int FanOut(int column) => (int)(ColumnOffsets[column + 1L] - ColumnOffsets[column]);

    /// <summary>Counting sort by column; O(Nnz + Rows + Columns).</summary>
    public static TransposeIndex Of(CsrMatrix matrix)
    {
        var index = new TransposeIndex(matrix);
        index.Rebuild();
        return index;
    }

    /// <summary>Makes the index anew after the matrix's pattern has changed, in its own buffers.</summary>
    public unsafe void Rebuild()
    {
        Refit();
        if (matrix.Columns < ColumnPanels.FewestColumns
            || !ColumnPanels.TrySort(matrix, ColumnOffsets.Pointer, RowIndices.Pointer, Positions.Pointer))
        {
            SortDirectly();
        }
    }

    /// <summary>To be called before somebody else fills the buffers for the matrix's present pattern.</summary>
    internal void Refit()
    {
        RowIndices.Resize(matrix.Nnz);
        Positions.Resize(matrix.Nnz);
        version = matrix.PatternVersion;
    }

    public void Dispose()
    {
        ColumnOffsets.Dispose();
        RowIndices.Dispose();
        Positions.Dispose();
        groups?.Dispose();
    }

    private unsafe void SortDirectly()
    {
        ColumnOffsets.Clear();
        var columns = matrix.ColumnIndices.Pointer;
        var offsets = matrix.RowOffsets.Pointer;
        var next = ColumnOffsets.Pointer;
        var rows = RowIndices.Pointer;
        var positions = Positions.Pointer;
        for (var k = 0L; k < matrix.Nnz; k++)
        {
            next[columns[k] + 1L]++;
        }

        for (var column = 0L; column < matrix.Columns; column++)
        {
            next[column + 1] += next[column];
        }

        // From the back, so that the counts themselves can serve as positions: they end one column further on.
        for (var row = matrix.Rows - 1; row >= 0; row--)
        {
            for (var k = offsets[row + 1L] - 1; k >= offsets[row]; k--)
            {
                var t = --next[columns[k] + 1L];
                rows[t] = row;
                positions[t] = (int)k;
            }
        }

        for (var column = 0L; column < matrix.Columns; column++)
        {
            next[column] = next[column + 1];
        }

        next[matrix.Columns] = matrix.Nnz;
    }
}
