using SparseService.Engine.Elementwise;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Kernels;

// Forward pass of one sparse layer:  Z = W·X + b,  Y = f(Z)
//
//   W  Rows × Columns, CSR        b  Rows
//   X  Columns × batchSize        Y  Rows × batchSize, overwritten
//
// In training also dropout, k = keep/(1 − rate), and what the backward pass needs of this layer:
//
//   Y = f(Z)⊙k                    slopes = f'(Z)⊙k, Rows × batchSize, overwritten
//
// Cost: 2·Nnz·batchSize flops. Bound by the cache: each stored connection reads one row of X.
public abstract partial class Backend
{
    /// <summary>Computes y = f(W·x + b) for one minibatch. NaN in x reaches every y that it is connected to.</summary>
    /// <param name="bias">One per row.</param>
    /// <param name="x">[w.Columns, batchSize].</param>
    /// <param name="y">[w.Rows, batchSize], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer is too short, or y is x.</exception>
    public void SparseForward(CsrMatrix w, float[] bias, DeviceBuffer<float> x, DeviceBuffer<float> y, int batchSize, in Activation activation)
    {
        RequireForward(w, bias, x, y, batchSize);
        SparseForwardCore(w, bias, x, y, batchSize, activation);
    }

    /// <summary>Computes y = f(z)⊙k and slopes = f'(z)⊙k with z = W·x + b and dropout's k = keep/(1 − rate) for one minibatch.</summary>
    /// <param name="bias">One per row.</param>
    /// <param name="x">[w.Columns, batchSize].</param>
    /// <param name="y">[w.Rows, batchSize], overwritten.</param>
    /// <param name="slopes">[w.Rows, batchSize], overwritten: what <see cref="SparseInputGradient"/> of the next layer multiplies by.</param>
    /// <exception cref="ArgumentException">A buffer is too short, or two of them are the same.</exception>
    public void SparseForward(
        CsrMatrix w,
        float[] bias,
        DeviceBuffer<float> x,
        DeviceBuffer<float> y,
        DeviceBuffer<float> slopes,
        int batchSize,
        in Activation activation,
        in Dropout dropout)
    {
        RequireForward(w, bias, x, y, batchSize);
        RequireLength(slopes.Length, w.Rows, batchSize, nameof(slopes));
        RequireDistinct(slopes, x, nameof(slopes), nameof(x));
        RequireDistinct(slopes, y, nameof(slopes), nameof(y));
        if (!(dropout.Rate is >= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(dropout), dropout.Rate, "Dropout rate; allowed: 0 to below 1");
        }

        SparseForwardCore(w, bias, x, y, slopes, batchSize, activation, dropout);
    }

    protected abstract void SparseForwardCore(
        CsrMatrix w, float[] bias, DeviceBuffer<float> x, DeviceBuffer<float> y, int batchSize, in Activation activation);

    protected abstract void SparseForwardCore(
        CsrMatrix w,
        float[] bias,
        DeviceBuffer<float> x,
        DeviceBuffer<float> y,
        DeviceBuffer<float> slopes,
        int batchSize,
        in Activation activation,
        in Dropout dropout);

    private static void RequireForward(CsrMatrix w, float[] bias, DeviceBuffer<float> x, DeviceBuffer<float> y, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        RequireExactly(bias.Length, w.Rows, nameof(bias), "rows of w");
        RequireLength(x.Length, w.Columns, batchSize, nameof(x));
        RequireLength(y.Length, w.Rows, batchSize, nameof(y));
        RequireDistinct(y, x, nameof(y), nameof(x));
    }
}

public sealed unsafe partial class ReferenceBackend
{
    protected override void SparseForwardCore(
        CsrMatrix w, float[] bias, DeviceBuffer<float> x, DeviceBuffer<float> y, int batchSize, in Activation activation)
    {
        for (var row = 0; row < w.Rows; row++)
        {
            for (var sample = 0; sample < batchSize; sample++)
            {
                y.Pointer[((long)row * batchSize) + sample] = activation.Value(Preactivation(w, bias, x, row, sample, batchSize));
            }
        }
    }

    protected override void SparseForwardCore(
        CsrMatrix w,
        float[] bias,
        DeviceBuffer<float> x,
        DeviceBuffer<float> y,
        DeviceBuffer<float> slopes,
        int batchSize,
        in Activation activation,
        in Dropout dropout)
    {
        for (var row = 0; row < w.Rows; row++)
        {
            for (var sample = 0; sample < batchSize; sample++)
            {
                var index = ((long)row * batchSize) + sample;
                var z = Preactivation(w, bias, x, row, sample, batchSize);
                var keep = dropout.Keeps(index) ? dropout.Scale : 0;
                y.Pointer[index] = activation.Value(z) * keep;
                slopes.Pointer[index] = activation.Derivative(z) * keep;
            }
        }
    }

    private static float Preactivation(CsrMatrix w, float[] bias, DeviceBuffer<float> x, int row, int sample, int batchSize)
    {
        double sum = bias[row];
        for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1]; k++)
        {
            sum += (double)w.Values[k] * x.Pointer[((long)w.ColumnIndices[k] * batchSize) + sample];
        }

        return (float)sum;
    }
}
