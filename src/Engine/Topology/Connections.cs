using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>The connections of one layer with what the optimizer remembers of each: what evolution and pruning rewrite.</summary>
/// <param name="Weights">Pattern and values.</param>
/// <param name="State">The optimizer's slots (momentum …), each as long as <see cref="CsrMatrix.Nnz"/>.</param>
public sealed record Connections(CsrMatrix Weights, IReadOnlyList<float[]> State)
{
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

/// <summary>Fills exactly sized arrays, row by row.</summary>
internal sealed class ConnectionsBuilder(int rows, int columns, long nnz, int slots)
{
    private readonly long[] rowOffsets = new long[rows + 1];
    private readonly int[] columnIndices = new int[nnz];
    private readonly float[] values = new float[nnz];
    private readonly float[][] state = Enumerable.Range(0, slots).Select(_ => new float[nnz]).ToArray();
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
        values[position++] = value;
    }

    public void EndRow(int row) => rowOffsets[row + 1] = position;

    /// <exception cref="InvalidOperationException">Fewer connections were added than promised: a bug of the caller.</exception>
    public Connections ToConnections() => position == columnIndices.Length
        ? new Connections(new CsrMatrix(rows, columns, rowOffsets, columnIndices, values), state)
        : throw new InvalidOperationException($"{position} connections were added; promised: {columnIndices.Length}");
}
