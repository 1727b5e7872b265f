using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>The connections of one layer with what the optimizer remembers of each: what evolution and pruning change, in place.</summary>
public sealed unsafe class Connections : IDisposable
{
    /// <param name="weights">Pattern and values.</param>
    /// <param name="state">The optimizer's slots (momentum …), at most two, each as long as <see cref="CsrMatrix.Nnz"/>.</param>
    /// <remarks>Takes all of them over.</remarks>
    public Connections(CsrMatrix weights, IReadOnlyList<DeviceBuffer<float>> state)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(state.Count, 2);
        if (state.Any(slot => slot.Length != weights.Nnz))
        {
            throw new ArgumentException($"A slot has another length than the {weights.Nnz} connections", nameof(state));
        }

        Weights = weights;
        State = state;
    }

    public CsrMatrix Weights { get; }

    public IReadOnlyList<DeviceBuffer<float>> State { get; }

    public void Dispose()
    {
        Weights.Dispose();
        foreach (var slot in State)
        {
            slot.Dispose();
        }
    }

    /// <summary>Keeps the connections that <paramref name="rule"/> wants, with their values and state; O(nnz + rows).</summary>
    /// <param name="rule">Asked once for every connection, in the matrix's order.</param>
    /// <returns>How many went.</returns>
    internal long RemoveUnless<TRule>(ref TRule rule)
        where TRule : struct, IConnectionRule
    {
        var at = new ConnectionPointers(this);
        var offsets = Weights.RowOffsets.Pointer;
        var (kept, k) = (0L, 0L);
        for (var row = 0; row < Weights.Rows; row++)
        {
            for (var end = offsets[row + 1L]; k < end; k++)
            {
                // Copied before it is known whether it stays: a branch that goes either way would cost more than the copy.
                var keeps = rule.Keeps(row, at.Columns[k], at.Values[k]);
                at.Move(k, kept);
                kept += keeps ? 1 : 0;
            }

            offsets[row + 1L] = kept;
        }

        if (kept < k)
        {
            Resize(kept);
        }

        return k - kept;
    }

    /// <summary>Uses more or less of the buffers and declares the pattern changed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A buffer has no room for so many; nothing is changed.</exception>
    internal void Resize(long nnz)
    {
        foreach (var slot in State)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(nnz, slot.Capacity);
        }

        Weights.Resize(nnz);
        foreach (var slot in State)
        {
            slot.Resize(nnz);
        }
    }
}

/// <summary>Which connections stay.</summary>
internal interface IConnectionRule
{
    bool Keeps(int row, int column, float value);
}

/// <summary>Where connections stand in memory, for the loops that move them.</summary>
internal readonly unsafe struct ConnectionPointers(Connections connections)
{
    public readonly int* Columns = connections.Weights.ColumnIndices.Pointer;
    public readonly float* Values = connections.Weights.Values.Pointer;
    private readonly float* state0 = connections.State.Count > 0 ? connections.State[0].Pointer : null;
    private readonly float* state1 = connections.State.Count > 1 ? connections.State[1].Pointer : null;

    public void Move(long from, long to)
    {
        Columns[to] = Columns[from];
        Values[to] = Values[from];
        if (state0 != null)
        {
            state0[to] = state0[from];
        }

        if (state1 != null)
        {
            state1[to] = state1[from];
        }
    }

    /// <summary>Writes a connection that the optimizer knows nothing of yet.</summary>
    public void Begin(long k, int column, float value)
    {
        Columns[k] = column;
        Values[k] = value;
        if (state0 != null)
        {
            state0[k] = 0;
        }

        if (state1 != null)
        {
            state1[k] = 0;
        }
    }
}
