using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>Importance of neurons: sums of absolute weights (arXiv 2102.01732, importance pruning).</summary>
public static class NeuronStrength
{
    /// <summary>I_j = Σ_i |w_ij| over the incoming connections of each output neuron; length = Rows.</summary>
    public static float[] Incoming(CsrMatrix weights)
    {
        var strength = new float[weights.Rows];
        for (var row = 0; row < weights.Rows; row++)
        {
            var sum = 0.0;
            for (var k = weights.RowOffsets[row]; k < weights.RowOffsets[row + 1]; k++)
            {
                sum += Math.Abs(weights.Values[k]);
            }

            strength[row] = (float)sum;
        }

        return strength;
    }

    /// <summary>Σ_j |w_ij| over the outgoing connections of each input neuron; length = Columns.</summary>
    public static float[] Outgoing(CsrMatrix weights)
    {
        var sums = new double[weights.Columns];
        for (var k = 0L; k < weights.Nnz; k++)
        {
            sums[weights.ColumnIndices[k]] += Math.Abs(weights.Values[k]);
        }

        return Array.ConvertAll(sums, sum => (float)sum);
    }
}
