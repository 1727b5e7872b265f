using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>
/// Importance pruning (arXiv 2102.01732): hidden neurons with the least incoming strength Σ_i |w_ij| leave the network. Ours is the clean form:
/// a removed neuron loses its incoming and its outgoing connections, the constant that it would still emit moves into the biases behind it,
/// and nothing grows at it again.
/// </summary>
public static class ImportancePruning
{
    /// <summary>Chooses the neurons of one hidden layer to remove: those at or below the percentile of all strengths, earlier removed ones (strength 0) included.</summary>
    /// <param name="incoming">Connections into the layer.</param>
    /// <param name="removed">Neurons that are removed already; length = rows.</param>
    /// <param name="percentile">0 to below 100.</param>
    /// <returns>Newly removed neurons, ascending. Empty when the choice would leave no neuron: a layer is never cut through.</returns>
    public static int[] Choose(CsrMatrix incoming, ReadOnlySpan<bool> removed, double percentile)
    {
        var strength = NeuronStrength.Incoming(incoming);
        var threshold = Selection.Percentile(strength.ToArray(), percentile);
        var chosen = new List<int>();
        var remaining = 0;
        for (var neuron = 0; neuron < strength.Length; neuron++)
        {
            if (removed[neuron])
            {
                continue;
            }

            if (strength[neuron] <= threshold)
            {
                chosen.Add(neuron);
            }
            else
            {
                remaining++;
            }
        }

        return remaining == 0 ? [] : chosen.ToArray();
    }

    /// <summary>Adds what the removed neurons would still emit, f(b_j), times their outgoing weights to the biases of the next layer.</summary>
    /// <param name="outgoing">Connections out of the pruned layer, still complete.</param>
    /// <param name="emitted">f(b_j) for removed neurons, 0 for the others; length = columns.</param>
    /// <param name="bias">Biases of the next layer; length = rows.</param>
    public static void FoldIntoBias(CsrMatrix outgoing, ReadOnlySpan<float> emitted, Span<float> bias)
    {
        for (var row = 0; row < outgoing.Rows; row++)
        {
            var sum = 0.0;
            for (var k = outgoing.RowOffsets[row]; k < outgoing.RowOffsets[row + 1]; k++)
            {
                sum += (double)outgoing.Values[k] * emitted[outgoing.ColumnIndices[k]];
            }

            bias[row] += (float)sum;
        }
    }

    /// <summary>Drops every connection that starts or ends at a removed neuron.</summary>
    public static Connections Without(Connections connections, ReadOnlySpan<bool> removedRows, ReadOnlySpan<bool> removedColumns)
    {
        var weights = connections.Weights;
        var keep = new bool[weights.Nnz];
        for (var row = 0; row < weights.Rows; row++)
        {
            for (var k = weights.RowOffsets[row]; k < weights.RowOffsets[row + 1]; k++)
            {
                keep[k] = !removedRows[row] && !removedColumns[weights.ColumnIndices[k]];
            }
        }

        return connections.Where(keep);
    }
}
