using System.Runtime.CompilerServices;
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
// or, of rows whose connections are cut in two, the second part:  Z = Y + W·X
//
// Cost: 2·Nnz·batchSize flops. Bound by the cache: each stored connection reads one row of X.
public abstract partial class Backend
{
    /// <summary>Computes y = f(W·x + b) for one minibatch. NaN in x reaches every y that it is connected to.</summary>
    /// <param name="bias">One per row.</param>
    /// <param name="x">[w.Columns, batchSize].</param>
    /// <param name="y">[w.Rows, batchSize], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer is too short, or y is x.</exception>
    public void SparseForward(
        CsrMatrix w, float[] bias, LayerInput x, DeviceBuffer<float> y, int batchSize, in Activation activation)
    {
        RequireForward(w, bias, x, y, batchSize);
        ForwardOf(w, bias, x, y, null, batchSize, activation, Dropout.None);
    }

    /// <summary>Computes y = f(z)⊙k and slopes = f'(z)⊙k with z = W·x + b and dropout's k = keep/(1 − rate) for one
    /// minibatch.</summary>
    /// <param name="bias">One per row.</param>
    /// <param name="x">[w.Columns, batchSize].</param>
    /// <param name="y">[w.Rows, batchSize], overwritten.</param>
    /// <param name="slopes">[w.Rows, batchSize], overwritten: what <see cref="SparseInputGradient"/> of the next layer
    /// multiplies by.</param>
    /// <exception cref="ArgumentException">A buffer is too short, or two of them are the same.</exception>
    public void SparseForward(
        CsrMatrix w,
        float[] bias,
        LayerInput x,
        DeviceBuffer<float> y,
        DeviceBuffer<float> slopes,
        int batchSize,
        in Activation activation,
        in Dropout dropout)
    {
        RequireForward(w, bias, x, y, batchSize);
        RequireLength(slopes.Length, w.Rows, batchSize, nameof(slopes));
        RequireDistinct(slopes, x.Buffer, nameof(slopes), nameof(x));
        RequireDistinct(slopes, y, nameof(slopes), nameof(y));
        if (!(dropout.Rate is >= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(dropout), dropout.Rate, "Dropout rate; allowed: 0 to below 1");
        }

        ForwardOf(w, bias, x, y, slopes, batchSize, activation, dropout);
    }

    /// <summary>Goes on from the sums z in y: y = f(z + W·x) and, in training, slopes = f'(z + W·x).</summary>
    /// <param name="x">[w.Columns, batchSize].</param>
    /// <param name="y">[w.Rows, batchSize]: the sums so far with their bias, overwritten.</param>
    /// <param name="slopes">[w.Rows, batchSize], overwritten; null where nobody needs them.</param>
    /// <exception cref="ArgumentException">A buffer is too short, or two of them are the same.</exception>
    public void SparseForwardOnto(
        CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> y, DeviceBuffer<float>? slopes, int batchSize, in Activation activation)
    {
        RequireForward(w, x, y, batchSize);
        if (slopes is not null)
        {
            RequireLength(slopes.Length, w.Rows, batchSize, nameof(slopes));
            RequireDistinct(slopes, x, nameof(slopes), nameof(x));
            RequireDistinct(slopes, y, nameof(slopes), nameof(y));
        }

        SparseForwardCore(w, null, x, y, slopes, batchSize, activation, Dropout.None);
        KeepAlive(w, x, y, slopes);
    }

    /// <param name="bias">Null: the sums so far stand in y.</param>
    /// <param name="slopes">Null where nobody needs them; there is no dropout then.</param>
    protected abstract void SparseForwardCore(
        CsrMatrix w,
        float[]? bias,
        DeviceBuffer<float> x,
        DeviceBuffer<float> y,
        DeviceBuffer<float>? slopes,
        int batchSize,
        in Activation activation,
        in Dropout dropout);

    /// <summary>The same from bytes; here through floats.</summary>
    private protected virtual void SparseForwardBytes(
        CsrMatrix w,
        float[] bias,
        ByteInput x,
        DeviceBuffer<float> y,
        DeviceBuffer<float>? slopes,
        int batchSize,
        in Activation activation,
        in Dropout dropout)
    {
        using var floats = x.ToFloats(batchSize);
        SparseForwardCore(w, bias, floats, y, slopes, batchSize, activation, dropout);
    }

    private void ForwardOf(
        CsrMatrix w,
        float[] bias,
        LayerInput x,
        DeviceBuffer<float> y,
        DeviceBuffer<float>? slopes,
        int batchSize,
        in Activation activation,
        in Dropout dropout)
    {
        if (x.Bytes is { } bytes)
        {
            SparseForwardBytes(w, bias, bytes, y, slopes, batchSize, activation, dropout);
        }
        else
        {
            SparseForwardCore(w, bias, x.Floats, y, slopes, batchSize, activation, dropout);
        }

        KeepAlive(w, y, slopes);
        GC.KeepAlive(x.Buffer);
    }

    private static void RequireForward(CsrMatrix w, float[] bias, LayerInput x, DeviceBuffer<float> y, int batchSize)
    {
        RequireForward(w, x, y, batchSize);
        RequireExactly(bias.Length, w.Rows, nameof(bias), "rows of w");
    }

    private static void RequireForward(CsrMatrix w, LayerInput x, DeviceBuffer<float> y, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        RequireAlive(w);
        RequireLength(x.Length, w.Columns, batchSize, nameof(x));
        RequireLength(y.Length, w.Rows, batchSize, nameof(y));
        RequireDistinct(y, x.Buffer, nameof(y), nameof(x));
    }
}

public sealed unsafe partial class ReferenceBackend
{
    protected override void SparseForwardCore(
        CsrMatrix w,
        float[]? bias,
        DeviceBuffer<float> x,
        DeviceBuffer<float> y,
        DeviceBuffer<float>? slopes,
        int batchSize,
        in Activation activation,
        in Dropout dropout)
    {
        for (var row = 0; row < w.Rows; row++)
        {
            for (var sample = 0; sample < batchSize; sample++)
            {
                var index = ((long)row * batchSize) + sample;
                var z = Preactivation(w, bias is null ? y.Pointer[index] : bias[row], x, row, sample, batchSize);
                var keep = dropout.Keeps(index) ? dropout.Scale : 0;
                y.Pointer[index] = activation.Value(z) * keep;
                if (slopes is not null)
                {
                    slopes.Pointer[index] = activation.Derivative(z) * keep;
                }
            }
        }
    }

    private float Preactivation(CsrMatrix w, float start, DeviceBuffer<float> x, int row, int sample, int batchSize)
    {
        if (Grid.Forward != 0)
        {
            return AnchoredPreactivation(w, start, x, row, sample, batchSize);
        }

        double sum = start;
        for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1]; k++)
        {
            sum += (double)w.Values[k] * x.Pointer[((long)w.ColumnIndices[k] * batchSize) + sample];
        }

        return (float)sum;
    }

    private float AnchoredPreactivation(CsrMatrix w, float start, DeviceBuffer<float> x, int row, int sample, int batchSize)
    {
        var sum = Grid.Forward + start;
        for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1]; k++)
        {
            sum = MathF.FusedMultiplyAdd(w.Values[k], x.Pointer[((long)w.ColumnIndices[k] * batchSize) + sample], sum);
        }

        return sum - Grid.Forward;
    }
}

public sealed unsafe partial class SimdBackend
{
    protected override void SparseForwardCore(
        CsrMatrix w,
        float[]? bias,
        DeviceBuffer<float> x,
        DeviceBuffer<float> y,
        DeviceBuffer<float>? slopes,
        int batchSize,
        in Activation activation,
        in Dropout dropout)
    {
        if (bias is null)
        {
            AddAnchor(y.Pointer, (long)w.Rows * batchSize);
        }

        Forward(bias, CallOf(w, x.Pointer, y, slopes, batchSize, dropout), activation);
    }

    private protected override void SparseForwardBytes(
        CsrMatrix w,
        float[] bias,
        ByteInput x,
        DeviceBuffer<float> y,
        DeviceBuffer<float>? slopes,
        int batchSize,
        in Activation activation,
        in Dropout dropout) =>
        Forward(bias, CallOf(w, null, y, slopes, batchSize, dropout) with { Bytes = x.Rows }, activation);

    private static void Forward(float[]? bias, ForwardCall call, in Activation activation)
    {
        fixed (float* biases = bias)
        {
            call.Biases = biases;
            activation.Dispatch(ref call);
        }
    }

    private ForwardCall CallOf(
        CsrMatrix w, float* x, DeviceBuffer<float> y, DeviceBuffer<float>? slopes, int batchSize, in Dropout dropout) => new()
    {
        Backend = this,
        Sources = w.Columns,
        Blocks = new RowBlocks(w.RowOffsets.Pointer, w.Rows),
        Offsets = w.RowOffsets.Pointer,
        Columns = w.ColumnIndices.Pointer,
        Values = new OwnWeights(w.Values.Pointer),
        X = x,
        Y = y.Pointer,
        Slopes = slopes is null ? null : slopes.Pointer,
        BatchSize = batchSize,
        Mask = new DropoutMask(dropout),
        Anchor = Grid.Forward,
    };

    // The first part of the sums has left the grid's anchor off.
    private void AddAnchor(float* sums, long count)
    {
        for (var i = 0L; Grid.Forward != 0 && i < count; i++)
        {
            sums[i] += Grid.Forward;
        }
    }

    private struct ForwardCall : IActivationUser
    {
        public SimdBackend Backend;
        public int Sources;
        public RowBlocks Blocks;
        public long* Offsets;
        public int* Columns;
        public OwnWeights Values;
        public float* Biases; // null: the sums stand in Y
        public float* X; // null: Bytes are read
        public ByteRows Bytes;
        public float* Y;
        public float* Slopes;
        public int BatchSize;
        public DropoutMask Mask;
        public float Anchor;

        public void Use<TActivation>(TActivation activation)
            where TActivation : unmanaged, IActivation
        {
            var finish = new ForwardFinish<TActivation>(activation, Biases, Slopes, Mask, Anchor);
            if (Biases == null)
            {
                var onto = new ForwardCallOf<OntoFinish<TActivation>>(this, new OntoFinish<TActivation>(finish));
                Dispatch(BatchSize, ref onto);
                return;
            }

            var call = new ForwardCallOf<ForwardFinish<TActivation>>(this, finish);
            Dispatch(BatchSize, ref call);
        }
    }

    private readonly struct ForwardCallOf<TFinish>(ForwardCall call, TFinish finish) : ILanesUser
        where TFinish : unmanaged, IRowFinish
    {
        public void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>
        {
            if (call.X == null)
            {
                Run<TLanes, ByteRows>(call.Bytes);
            }
            else
            {
                Run<TLanes, FloatRows>(new FloatRows(call.X));
            }
        }

        private void Run<TLanes, TRows>(TRows x)
            where TLanes : unmanaged, ILanes<TLanes>
            where TRows : unmanaged, ISourceRows
        {
            var product = new GatherProduct<TLanes, TRows, OwnWeights, TFinish>(
                call.Blocks, call.Offsets, call.Columns, call.Values, x, call.Y, call.BatchSize, finish);
            product.Run(call.Backend.team, call.Backend.plan, call.Sources);
        }
    }

    private readonly struct OwnWeights(float* values) : IConnectionWeights
    {
        public float this[long connection] => values[connection];

        public void Prefetch(long connection)
        {
        }
    }

    private readonly struct ForwardFinish<TActivation>(TActivation activation, float* biases, float* slopes, DropoutMask mask, float anchor)
        : IRowFinish
        where TActivation : unmanaged, IActivation
    {
        public float Start(int row) => anchor + biases[row];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Finish<T>(T sum, long index)
            where T : unmanaged, ILanes<T>
        {
            sum -= T.Broadcast(anchor);
            var value = activation.Value(sum);
            if (slopes == null)
            {
                return value;
            }

            var slope = activation.Slope(sum, value);
            if (!mask.IsEmpty)
            {
                var factors = mask.Factors<T>(index);
                (value, slope) = (value * factors, slope * factors);
            }

            T.Store(slope, slopes + index);
            return value;
        }
    }

    private readonly struct OntoFinish<TActivation>(ForwardFinish<TActivation> finish) : IRowFinish
        where TActivation : unmanaged, IActivation
    {
        public static bool GoesOn => true;

        public float Start(int row) => 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Finish<T>(T sum, long index)
            where T : unmanaged, ILanes<T> => finish.Finish(sum, index);
    }
}
