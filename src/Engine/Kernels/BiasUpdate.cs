using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// Gradient and optimizer step of the biases:  db[i] = (1/batchSize)·Σ_b dY[i,b],  (b, state) ← rule(b, db, state)
//
//   b  Rows, updated in place        dY  Rows × batchSize
public abstract partial class Backend
{
    /// <summary>Updates the biases from one minibatch.</summary>
    /// <param name="bias">One per output neuron, updated.</param>
    /// <param name="dY">[bias.Length, batchSize], gradient by the preactivations, not divided by the batch size.</param>
    /// <param name="state0">One per bias, updated: velocity, or Adam's first moment.</param>
    /// <param name="state1">One per bias, updated: Adam's second moment. Null for SGD.</param>
    /// <returns>Squared L2 norm of db.</returns>
    /// <exception cref="ArgumentException">A buffer or array has the wrong length.</exception>
    public double BiasUpdate(float[] bias, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, in OptimizerStep step)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        RequireLength(dY.Length, bias.Length, batchSize, nameof(dY));
        RequireState(state0, state1, bias.Length, step);
        return BiasUpdateCore(bias, dY, state0, state1, batchSize, step);
    }

    protected abstract double BiasUpdateCore(
        float[] bias, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, in OptimizerStep step);
}

public sealed unsafe partial class ReferenceBackend
{
    protected override double BiasUpdateCore(
        float[] bias, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, in OptimizerStep step)
    {
        var gradients = new float[bias.Length];
        var squares = 0.0;
        for (var row = 0; row < bias.Length; row++)
        {
            var sum = 0.0;
            for (var sample = 0; sample < batchSize; sample++)
            {
                sum += dY.Pointer[((long)row * batchSize) + sample];
            }

            gradients[row] = (float)(sum / batchSize);
            squares += (double)gradients[row] * gradients[row];
        }

        Apply(step, bias, gradients, state0, state1);
        return squares;
    }
}
