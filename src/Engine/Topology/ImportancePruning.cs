using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>
/// Importance pruning (arXiv 2102.01732): hidden neurons with the least incoming strength Σ_i |w_ij| leave the network. Ours is the clean
/// form: a removed neuron loses its incoming and its outgoing connections, the constant that it would still emit moves into the biases
/// behind it, and nothing grows at it again.
/// </summary>
public static unsafe class ImportancePruning
{
    /// <summary>Chooses the neurons of one hidden layer to remove: those at or below the percentile of all strengths, earlier removed ones
    /// (strength 0) included.</summary>
    /// <param name="incoming">Connections into the layer.</param>
    /// <param name="removed">Neurons that are removed already; length = rows.</param>
    /// <param name="percentile">0 to below 100.</param>
    /// <param name="chosen">Length = rows, overwritten: marks the neurons to remove now. None when the choice would leave no neuron: a
    /// layer is never cut through.</param>
    public static void Choose(CsrMatrix incoming, ReadOnlySpan<bool> removed, double percentile, Span<bool> chosen)
    {
        using var scratch = new DeviceBuffer<float>(incoming.Rows);
        var strength = scratch.Span;
        NeuronStrength.Incoming(incoming, strength);
        Choose(strength, removed, percentile, chosen);
    }

    /// <summary>The same from the strengths of all neurons of the layer.</summary>
    internal static void Choose(ReadOnlySpan<float> strength, ReadOnlySpan<bool> removed, double percentile, Span<bool> chosen)
    {
        var threshold = Selection.Percentile(strength, percentile);
        var remaining = 0;
        for (var neuron = 0; neuron < strength.Length; neuron++)
        {
            chosen[neuron] = !removed[neuron] && strength[neuron] <= threshold;
            remaining += removed[neuron] || chosen[neuron] ? 0 : 1;
        }

        if (remaining == 0)
        {
            chosen.Clear();
        }
    }

    /// <summary>Adds what the removed neurons would still emit, f(b_j), times their outgoing weights to the biases of the next
    /// layer.</summary>
    /// <param name="outgoing">Connections out of the pruned layer, still complete.</param>
    /// <param name="emitted">f(b_j) for removed neurons, 0 for the others; length = columns.</param>
    /// <param name="bias">Biases of the next layer; length = rows.</param>
    public static void FoldIntoBias(CsrMatrix outgoing, ReadOnlySpan<float> emitted, Span<float> bias)
    {
        var offsets = outgoing.RowOffsets.Pointer;
        var columns = outgoing.ColumnIndices.Pointer;
        var values = outgoing.Values.Pointer;
        for (var row = 0; row < outgoing.Rows; row++)
        {
            var sum = 0.0;
            for (var k = offsets[row]; k < offsets[row + 1L]; k++)
            {
                sum += (double)values[k] * emitted[columns[k]];
            }

            bias[row] += (float)sum;
        }
    }

    /// <summary>Drops every connection that starts or ends at a removed neuron, in place.</summary>
    /// <param name="removedColumns">Length = columns, or none at all when no input is removed.</param>
    /// <returns>How many went.</returns>
    public static long Remove(Connections connections, bool[] removedRows, bool[]? removedColumns)
    {
        // A bit for each column: they are asked for at random, and bits of millions of neurons still fit a cache.
        using var bits = new DeviceBuffer<ulong>((connections.Weights.Columns / 64) + 1);
        bits.Clear();
        for (var column = 0; column < (removedColumns?.Length ?? 0); column++)
        {
            bits.Pointer[column >> 6] |= removedColumns![column] ? 1UL << (column & 63) : 0;
        }

        var rule = new NotRemoved(removedRows, bits.Pointer);
        return connections.RemoveUnless(ref rule);
    }

    private readonly struct NotRemoved(bool[] rows, ulong* columns) : IConnectionRule
    {
        public bool Keeps(int row, int column, float value) => !rows[row] & ((columns[column >> 6] >> (column & 63)) & 1) == 0;
    }
}
