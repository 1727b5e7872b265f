using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>Importance of neurons: sums of absolute weights (arXiv 2102.01732, importance pruning).</summary>
public static unsafe class NeuronStrength
{
    /// <summary>I_j = Σ_i |w_ij| over the incoming connections of each output neuron; length = Rows.</summary>
    public static float[] Incoming(CsrMatrix weights)
    {
        var strength = new float[weights.Rows];
        Incoming(weights, strength);
        return strength;
    }

    /// <param name="strength">Length = Rows, overwritten.</param>
    public static void Incoming(CsrMatrix weights, Span<float> strength)
    {
        var offsets = weights.RowOffsets.Pointer;
        var values = weights.Values.Pointer;
        var k = 0L;
        for (var row = 0; row < weights.Rows; row++)
        {
            var sum = 0.0;
            for (var end = offsets[row + 1L]; k < end; k++)
            {
                sum += Math.Abs(values[k]);
            }

            strength[row] = (float)sum;
        }
    }

    /// <summary>Σ_j |w_ij| over the outgoing connections of each input neuron; length = Columns.</summary>
    public static float[] Outgoing(CsrMatrix weights)
    {
        using var sums = new DeviceBuffer<double>(weights.Columns);
        sums.Clear();
        for (var k = 0L; k < weights.Nnz; k++)
        {
            sums.Pointer[weights.ColumnIndices.Pointer[k]] += Math.Abs(weights.Values.Pointer[k]);
        }

        var strength = new float[weights.Columns];
        for (var column = 0; column < strength.Length; column++)
        {
            strength[column] = (float)sums.Pointer[column];
        }

        return strength;
    }
}
