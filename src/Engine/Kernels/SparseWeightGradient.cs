using System.Runtime.CompilerServices;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Kernels;

// Gradient of the mean loss by the stored weights, a sampled dense-dense product:  dW[i,j] = (1/samples)·Σ_b dY[i,b]·X[j,b]
//
//   W  Rows × Columns, CSR: only its pattern is read      dY  Rows × batchSize
//   dW one per stored connection, overwritten             X   Columns × batchSize
//
// Cost: 2·Nnz·batchSize flops.
public abstract partial class Backend
{
    /// <summary>Computes dW on the stored connections for one minibatch.</summary>
    /// <param name="x">[w.Columns, batchSize], as given to the forward pass.</param>
    /// <param name="dY">[w.Rows, batchSize], gradient by the preactivations, not divided by the batch size.</param>
    /// <param name="dW">One per connection, in the matrix's order, overwritten.</param>
    /// <param name="padding">How many samples at the end of the minibatch are none: dY is 0 there, and the mean is over the others.</param>
    /// <returns>Squared L2 norm of dW.</returns>
    /// <exception cref="ArgumentException">A buffer or array has the wrong length.</exception>
    public double SparseWeightGradient(
        CsrMatrix w, LayerInput x, DeviceBuffer<float> dY, DeviceBuffer<float> dW, int batchSize, int padding = 0)
    {
        RequireWeightGradient(w, x, dY, batchSize, padding);
        RequireExactly(dW.Length, w.Nnz, nameof(dW), "connections of w");
        var squares = x.Bytes is { } bytes
            ? SparseWeightGradientBytes(w, bytes, dY, dW, batchSize, batchSize - padding)
            : SparseWeightGradientCore(w, x.Floats, dY, dW, batchSize, batchSize - padding);
        KeepAlive(w, dY, dW);
        GC.KeepAlive(x.Buffer);
        return squares;
    }

    /// <summary>The same from bytes; here through floats.</summary>
    private protected virtual double SparseWeightGradientBytes(
        CsrMatrix w, ByteInput x, DeviceBuffer<float> dY, DeviceBuffer<float> dW, int batchSize, int samples)
    {
        using var floats = x.ToFloats(batchSize);
        return SparseWeightGradientCore(w, floats, dY, dW, batchSize, samples);
    }

    protected abstract double SparseWeightGradientCore(
        CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, DeviceBuffer<float> dW, int batchSize, int samples);

    private static void RequireWeightGradient(CsrMatrix w, LayerInput x, DeviceBuffer<float> dY, int batchSize, int padding)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        RequireAlive(w);
        RequirePadding(padding, batchSize);
        RequireLength(x.Length, w.Columns, batchSize, nameof(x));
        RequireLength(dY.Length, w.Rows, batchSize, nameof(dY));
    }
}

public sealed unsafe partial class ReferenceBackend
{
    protected override double SparseWeightGradientCore(
        CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, DeviceBuffer<float> dW, int batchSize, int samples)
    {
        var squares = 0.0;
        for (var row = 0; row < w.Rows; row++)
        {
            for (var k = w.RowOffsets[row]; k < w.RowOffsets[row + 1]; k++)
            {
                var sum = 0.0;
                for (var sample = 0; sample < batchSize; sample++)
                {
                    sum += (double)x.Pointer[((long)w.ColumnIndices[k] * batchSize) + sample]
                        * dY.Pointer[((long)row * batchSize) + sample];
                }

                dW[k] = (float)(sum / samples);
                squares += (double)dW[k] * dW[k];
            }
        }

        return squares;
    }
}

public sealed unsafe partial class SimdBackend
{
    protected override double SparseWeightGradientCore(
        CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, DeviceBuffer<float> dW, int batchSize, int samples) =>
        WeightGradient(w, x, dY, batchSize, new StoreGradient(dW.Pointer, 1f / samples));

    private protected override double SparseWeightGradientBytes(
        CsrMatrix w, ByteInput x, DeviceBuffer<float> dY, DeviceBuffer<float> dW, int batchSize, int samples) =>
        WeightGradient(w, x, dY, batchSize, new StoreGradient(dW.Pointer, 1f / samples));

    private double WeightGradient<TSink>(CsrMatrix w, LayerInput x, DeviceBuffer<float> dY, int batchSize, TSink sink)
        where TSink : unmanaged, IGradientSink
    {
        var blocks = new RowBlocks(w.RowOffsets.Pointer, w.Rows);
        var squares = stackalloc double[RowBlocks.MostBlocks];
        var call = new WeightGradientCall<TSink>
        {
            Backend = this,
            ColumnCount = w.Columns,
            Blocks = blocks,
            Offsets = w.RowOffsets.Pointer,
            Columns = w.ColumnIndices.Pointer,
            X = x.Bytes is null ? x.Floats.Pointer : null,
            Bytes = x.Bytes?.Rows ?? default,
            DY = dY.Pointer,
            BatchSize = batchSize,
            Sink = sink,
            Squares = squares,
        };
        Dispatch(batchSize, ref call);
        return SumInOrder(squares, blocks.Count);
    }

    private static double SumInOrder(double* values, int count)
    {
        var sum = 0.0;
        for (var index = 0; index < count; index++)
        {
            sum += values[index];
        }

        return sum;
    }

    private struct WeightGradientCall<TSink> : ILanesUser
        where TSink : unmanaged, IGradientSink
    {
        public SimdBackend Backend;
        public int ColumnCount;
        public RowBlocks Blocks;
        public long* Offsets;
        public int* Columns;
        public float* X; // null: Bytes are read
        public ByteRows Bytes;
        public float* DY;
        public int BatchSize;
        public TSink Sink;
        public double* Squares;

        public readonly void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>
        {
            if (X == null)
            {
                Run<TLanes, ByteRows>(Bytes);
            }
            else
            {
                Run<TLanes, FloatRows>(new FloatRows(X));
            }
        }

        private readonly void Run<TLanes, TRows>(TRows x)
            where TLanes : unmanaged, ILanes<TLanes>
            where TRows : unmanaged, ISourceRows
        {
            var product = new WeightGradientProduct<TLanes, TRows, TSink>(Blocks, Offsets, Columns, x, DY, BatchSize, Sink, Squares);
            product.Run(Backend.team, Backend.plan, ColumnCount, Backend.scratch);
        }
    }

    private readonly struct StoreGradient(float* gradients, float scale) : IGradientSink
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public double Take<T>(float* sums, long first, int count)
            where T : unmanaged, ILanes<T>
        {
            var squares = T.Broadcast(0);
            var done = 0;
            for (; done <= count - T.Count; done += T.Count)
            {
                var gradient = T.Load(sums + done) * T.Broadcast(scale);
                T.Store(gradient, gradients + first + done);
                squares = T.MultiplyAdd(gradient, gradient, squares);
            }

            double total = T.Sum(squares);
            for (; done < count; done++)
            {
                var gradient = sums[done] * scale;
                gradients[first + done] = gradient;
                total += (double)gradient * gradient;
            }

            return total;
        }
    }
}
