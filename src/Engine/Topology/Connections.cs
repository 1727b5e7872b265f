using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>The connections of one layer with what the optimizer remembers of each: what evolution and pruning rewrite.</summary>
/// <param name="Weights">Pattern and values.</param>
/// <param name="State">The optimizer's slots (momentum …), each as long as <see cref="CsrMatrix.Nnz"/>.</param>
public sealed record Connections(CsrMatrix Weights, IReadOnlyList<DeviceBuffer<float>> State) : IDisposable
{
    public void Dispose()
    {
        Weights.Dispose();
        foreach (var slot in State)
        {
            slot.Dispose();
        }
    }

    /// <summary>Keeps the connections that are marked, with their values and state; O(nnz + rows).</summary>
    /// <param name="keep">One mark per connection.</param>
    public Connections Where(ReadOnlySpan<bool> keep)
    {
        var kept = 0;
        foreach (var mark in keep)
        {
            kept += mark ? 1 : 0;
        }

        var builder = new ConnectionsBuilder(Weights.Rows, Weights.Columns, kept, State.Count);
        for (var row = 0; row < Weights.Rows; row++)
        {
            for (var k = Weights.RowOffsets[row]; k < Weights.RowOffsets[row + 1]; k++)
            {
                if (keep[(int)k])
                {
                    builder.Add(this, k);
                }
            }

            builder.EndRow(row);
        }

        return builder.ToConnections();
    }
}

#pragma warning disable CA1001 // What it fills goes over to the connections.
/// <summary>Fills exactly sized arrays, row by row.</summary>
internal sealed class ConnectionsBuilder(int rows, int columns, long nnz, int slots)
{
    private readonly DeviceBuffer<long> rowOffsets = new(rows + 1L);
    private readonly DeviceBuffer<int> columnIndices = new(nnz);
    private readonly DeviceBuffer<float> values = new(nnz);
    private readonly DeviceBuffer<float>[] state = Enumerable.Range(0, slots).Select(_ => new DeviceBuffer<float>(nnz)).ToArray();
    private long position;

    /// <summary>Appends connection <paramref name="k"/> of <paramref name="source"/> with all that belongs to it.</summary>
    public void Add(Connections source, long k)
    {
        columnIndices[position] = source.Weights.ColumnIndices[k];
        values[position] = source.Weights.Values[k];
        for (var slot = 0; slot < state.Length; slot++)
        {
            state[slot][position] = source.State[slot][k];
        }

        position++;
    }

    /// <summary>Appends a new connection: no momentum yet.</summary>
    public void Add(int column, float value)
    {
        columnIndices[position] = column;
        foreach (var slot in state)
        {
            slot[position] = 0;
        }

        values[position++] = value;
    }

    public void EndRow(int row)
    {
        rowOffsets[0] = 0;
        rowOffsets[row + 1L] = position;
    }

    /// <exception cref="InvalidOperationException">Fewer connections were added than promised: a bug of the caller.</exception>
    public Connections ToConnections() => position == columnIndices.Length
        ? new Connections(new CsrMatrix(rows, columns, rowOffsets, columnIndices, values), state)
        : throw new InvalidOperationException($"{position} connections were added; promised: {columnIndices.Length}");
}
