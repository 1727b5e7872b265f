using SparseService.Engine.Kernels;

namespace SparseService.Engine.Sparse;

/// <summary>
/// The stored connections of one layer in compressed sparse rows: row = output neuron, column = input neuron, columns ascending in each
/// row. Memory is O(Nnz + Rows); nothing here, and nothing made from it, is ever O(Rows·Columns).
/// </summary>
public sealed class CsrMatrix : IDisposable
{
    /// <param name="rowOffsets">Length rows + 1, ascending from 0 to the number of connections.</param>
    /// <param name="columnIndices">One per connection, strictly ascending inside a row, 0 to columns − 1.</param>
    /// <param name="values">One per connection.</param>
    /// <remarks>Takes the buffers over without a copy. <see cref="Check"/> verifies the invariants of untrusted ones.</remarks>
    public CsrMatrix(int rows, int columns, DeviceBuffer<long> rowOffsets, DeviceBuffer<int> columnIndices, DeviceBuffer<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        if (rowOffsets.Length != rows + 1L)
        {
            throw new ArgumentException($"rowOffsets has {rowOffsets.Length} entries; allowed: rows + 1 = {rows + 1L}", nameof(rowOffsets));
        }

        if (rowOffsets[0] != 0 || rowOffsets[rows] != columnIndices.Length || columnIndices.Length != values.Length)
        {
            throw new ArgumentException(
                $"rowOffsets go from {rowOffsets[0]} to {rowOffsets[rows]}; allowed: from 0 to the {columnIndices.Length} column indices"
                + $" and {values.Length} values",
                nameof(rowOffsets));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(columnIndices.Length, MaximumNnz, nameof(columnIndices));
        Rows = rows;
        Columns = columns;
        RowOffsets = rowOffsets;
        ColumnIndices = columnIndices;
        Values = values;
    }

    /// <summary>The same from managed arrays, which are copied.</summary>
    public CsrMatrix(int rows, int columns, ReadOnlySpan<long> rowOffsets, ReadOnlySpan<int> columnIndices, ReadOnlySpan<float> values)
        : this(rows, columns, new DeviceBuffer<long>(rowOffsets), new DeviceBuffer<int>(columnIndices), new DeviceBuffer<float>(values))
    {
    }

    /// <summary>A layer holds at most 2³¹ − 1 connections: the transpose index counts them in 32 bits.</summary>
    public const long MaximumNnz = int.MaxValue;

    /// <summary>Output neurons.</summary>
    public int Rows { get; }

    /// <summary>Input neurons.</summary>
    public int Columns { get; }

    public DeviceBuffer<long> RowOffsets { get; }

    public DeviceBuffer<int> ColumnIndices { get; }

    public DeviceBuffer<float> Values { get; }

    /// <summary>Stored connections.</summary>
    public long Nnz => ColumnIndices.Length;

    /// <summary>Rises whenever connections come, go or move: what is derived from the pattern remembers it and is made anew.</summary>
    public long PatternVersion { get; private set; }

    /// <summary>Nnz / (Rows·Columns).</summary>
    public double Density => Rows == 0 || Columns == 0 ? 0 : (double)Nnz / ((double)Rows * Columns);

    public int FanIn(int row) => (int)(RowOffsets[row + 1] - RowOffsets[row]);

    /// <summary>Connections of each output neuron; length = Rows.</summary>
    internal unsafe void FanIn(Span<int> degrees)
    {
        var offsets = RowOffsets.Reading;
        for (var row = 0; row < Rows; row++)
        {
            degrees[row] = (int)(offsets[row + 1L] - offsets[row]);
        }
    }

    /// <summary>Connections of each input neuron; length = Columns.</summary>
    internal unsafe void FanOut(Span<int> degrees)
    {
        degrees.Clear();
        var columns = ColumnIndices.Reading;
        for (var k = 0L; k < Nnz; k++)
        {
            degrees[columns[k]]++;
        }
    }

    /// <summary>Verifies every invariant.</summary>
    /// <exception cref="InvalidDataException">Names row, value and what is allowed.</exception>
    public unsafe void Check()
    {
        var columns = ColumnIndices.Pointer;
        for (var row = 0; row < Rows; row++)
        {
            var (start, end) = (RowOffsets[row], RowOffsets[row + 1L]);
            if (start > end || end > Nnz)
            {
                throw new InvalidDataException($"Row {row} goes from connection {start} to {end}; allowed: ascending, at most {Nnz}");
            }

            for (var k = start; k < end; k++)
            {
                var column = columns[k];
                if (column < 0 || column >= Columns || (k > start && column <= columns[k - 1]))
                {
                    throw new InvalidDataException(
                        $"Row {row} has column {column} at connection {k}; allowed: 0 to {Columns - 1}, strictly ascending in a row");
                }
            }
        }
    }

    public void Dispose()
    {
        RowOffsets.Dispose();
        ColumnIndices.Dispose();
        Values.Dispose();
    }

    /// <summary>Called by whoever changes the pattern in place; the offsets are his to set.</summary>
    internal void Resize(long nnz)
    {
        ColumnIndices.Resize(nnz);
        Values.Resize(nnz);
        PatternVersion++;
    }
}
