using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Kernels;

// Gradient of the loss by the preactivations of the layer below:  dX = (Wᵀ·dY)⊙slopes
//
//   W  Rows × Columns, CSR, with its transpose index     dY      Rows × batchSize
//   dX Columns × batchSize, overwritten                  slopes  Columns × batchSize, from the layer below's forward pass
//
// Cost: 2·Nnz·batchSize flops. The transpose index turns the product into a gather: each dX row is written once, by one thread.
public abstract partial class Backend
{
    /// <summary>Computes dX = (Wᵀ·dY)⊙slopes for one minibatch.</summary>
    /// <param name="wT">Transpose index of w's present pattern.</param>
    /// <param name="dY">[w.Rows, batchSize].</param>
    /// <param name="slopes">[w.Columns, batchSize].</param>
    /// <param name="dX">[w.Columns, batchSize], overwritten.</param>
    /// <exception cref="ArgumentException">A buffer is too short, dX is one of the inputs, or the index belongs to another
    /// pattern.</exception>
    public void SparseInputGradient(
        CsrMatrix w, TransposeIndex wT, DeviceBuffer<float> dY, DeviceBuffer<float> slopes, DeviceBuffer<float> dX, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        RequireInputGradient(w, wT, dY, slopes, dX, batchSize);
        SparseInputGradientCore(w, wT, dY, slopes, dX, batchSize);
        KeepAlive(w, dY, slopes, dX);
        GC.KeepAlive(wT);
    }

    /// <param name="slopes">Null: 1 everywhere.</param>
    protected abstract void SparseInputGradientCore(
        CsrMatrix w, TransposeIndex wT, DeviceBuffer<float> dY, DeviceBuffer<float>? slopes, DeviceBuffer<float> dX, int batchSize);

    private static void RequireInputGradient(
        CsrMatrix w, TransposeIndex wT, DeviceBuffer<float> dY, DeviceBuffer<float>? slopes, DeviceBuffer<float> dX, int batchSize)
    {
        RequireAlive(w);
        if (!wT.IsOf(w))
        {
            throw new ArgumentException("wT belongs to other connections than w; allowed: TransposeIndex.Of(w), rebuilt when connections of w have changed", nameof(wT));
        }

        RequireLength(dY.Length, w.Rows, batchSize, nameof(dY));
        RequireLength(dX.Length, w.Columns, batchSize, nameof(dX));
        RequireDistinct(dX, dY, nameof(dX), nameof(dY));
        if (slopes is not null)
        {
            RequireLength(slopes.Length, w.Columns, batchSize, nameof(slopes));
            RequireDistinct(dX, slopes, nameof(dX), nameof(slopes));
        }
    }
}

public sealed unsafe partial class ReferenceBackend
{
    protected override void SparseInputGradientCore(
        CsrMatrix w, TransposeIndex wT, DeviceBuffer<float> dY, DeviceBuffer<float>? slopes, DeviceBuffer<float> dX, int batchSize)
    {
        for (var column = 0; column < w.Columns; column++)
        {
            for (var sample = 0; sample < batchSize; sample++)
            {
                var index = ((long)column * batchSize) + sample;
                var sum = Grid.Backward == 0
                    ? Gradient(w, wT, dY, column, sample, batchSize)
                    : AnchoredGradient(w, wT, dY, column, sample, batchSize);
                dX.Pointer[index] = (float)(slopes is null ? sum : sum * slopes.Pointer[index]);
            }
        }
    }

    private static double Gradient(CsrMatrix w, TransposeIndex wT, DeviceBuffer<float> dY, int column, int sample, int batchSize)
    {
        var sum = 0.0;
        for (var t = wT.ColumnOffsets[column]; t < wT.ColumnOffsets[column + 1]; t++)
        {
            sum += (double)w.Values[wT.Positions[t]] * dY.Pointer[((long)wT.RowIndices[t] * batchSize) + sample];
        }

        return sum;
    }

    private float AnchoredGradient(CsrMatrix w, TransposeIndex wT, DeviceBuffer<float> dY, int column, int sample, int batchSize)
    {
        var sum = Grid.Backward;
        for (var t = wT.ColumnOffsets[column]; t < wT.ColumnOffsets[column + 1]; t++)
        {
            sum = MathF.FusedMultiplyAdd(w.Values[wT.Positions[t]], dY.Pointer[((long)wT.RowIndices[t] * batchSize) + sample], sum);
        }

        return sum - Grid.Backward;
    }
}

public sealed unsafe partial class SimdBackend
{
    protected override void SparseInputGradientCore(
        CsrMatrix w, TransposeIndex wT, DeviceBuffer<float> dY, DeviceBuffer<float>? slopes, DeviceBuffer<float> dX, int batchSize)
    {
        var call = new InputGradientCall
        {
            Backend = this,
            Sources = w.Rows,
            Blocks = new RowBlocks(wT.ColumnOffsets.Pointer, w.Columns),
            Offsets = wT.ColumnOffsets.Pointer,
            Rows = wT.RowIndices.Pointer,
            Weights = new TransposedWeights(w.Values.Pointer, wT.Positions.Pointer),
            DY = dY.Pointer,
            DX = dX.Pointer,
            BatchSize = batchSize,
        };
        if (slopes is null)
        {
            var sums = new InputGradientCallOf<SumFinish> { Call = call, Finish = new SumFinish(Grid.Backward) };
            Dispatch(batchSize, ref sums);
            return;
        }

        var gradients = new InputGradientCallOf<SlopeFinish> { Call = call, Finish = new SlopeFinish(slopes.Pointer, Grid.Backward) };
        Dispatch(batchSize, ref gradients);
    }

    private struct InputGradientCall
    {
        public SimdBackend Backend;
        public int Sources;
        public RowBlocks Blocks;
        public long* Offsets;
        public int* Rows;
        public TransposedWeights Weights;
        public float* DY;
        public float* DX;
        public int BatchSize;
    }

    private struct InputGradientCallOf<TFinish> : ILanesUser
        where TFinish : unmanaged, IRowFinish
    {
        public InputGradientCall Call;
        public TFinish Finish;

        public readonly void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>
        {
            var product = new GatherProduct<TLanes, FloatRows, TransposedWeights, TFinish>(
                Call.Blocks, Call.Offsets, Call.Rows, Call.Weights, new FloatRows(Call.DY), Call.DX, Call.BatchSize, Finish);
            product.Run(Call.Backend.team, Call.Backend.plan, Call.Sources);
        }
    }

    private readonly struct TransposedWeights(float* values, int* positions) : IConnectionWeights
    {
        public float this[long connection] => values[positions[connection]];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Prefetch(long connection) => Sse.Prefetch0(values + positions[connection]);
    }

    private readonly struct SlopeFinish(float* slopes, float anchor) : IRowFinish
    {
        public float Start(int row) => anchor;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Finish<T>(T sum, long index)
            where T : unmanaged, ILanes<T> => (sum - T.Broadcast(anchor)) * T.Load(slopes + index);
    }

    private readonly struct SumFinish(float anchor) : IRowFinish
    {
        public float Start(int row) => anchor;

        public T Finish<T>(T sum, long index)
            where T : unmanaged, ILanes<T> => sum - T.Broadcast(anchor);
    }
}
