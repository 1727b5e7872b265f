using System.Runtime.CompilerServices;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Kernels;

// Gradient and optimizer step of the stored weights in one pass:  dW as in SparseWeightGradient,  (W, state) ← rule(W, dW, state)
//
//   W  Rows × Columns, CSR, values updated in place       dY  Rows × batchSize
//   state  one or two values per stored connection        X   Columns × batchSize
//
// The gradient lives for a stretch of one row at a time; no array of it exists.
public abstract partial class Backend
{
    /// <summary>Updates the stored weights from one minibatch. Run it after <see cref="SparseInputGradient"/>, which needs the
    /// old weights.</summary>
    /// <param name="x">[w.Columns, batchSize], as given to the forward pass.</param>
    /// <param name="dY">[w.Rows, batchSize], gradient by the preactivations, not divided by the batch size.</param>
    /// <param name="state0">One per connection, updated: velocity, or Adam's first moment.</param>
    /// <param name="state1">One per connection, updated: Adam's second moment. Null for SGD.</param>
    /// <param name="padding">How many samples at the end of the minibatch are none: dY is 0 there, and the mean is over the others.</param>
    /// <returns>Squared L2 norm of dW.</returns>
    /// <exception cref="ArgumentException">A buffer or array has the wrong length.</exception>
    public double SparseWeightUpdate(
        CsrMatrix w,
        LayerInput x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float> state0,
        DeviceBuffer<float>? state1,
        int batchSize,
        in OptimizerStep step,
        int padding = 0)
    {
        RequireWeightGradient(w, x, dY, batchSize, padding);
        RequireState(state0.Length, state1?.Length, w.Nnz, step);
        var squares = x.Bytes is { } bytes
            ? SparseWeightUpdateBytes(w, bytes, dY, state0, state1, batchSize, batchSize - padding, step)
            : SparseWeightUpdateCore(w, x.Floats, dY, state0, state1, batchSize, batchSize - padding, step);
        KeepAlive(w, dY, state0, state1);
        GC.KeepAlive(x.Buffer);
        return squares;
    }

    /// <summary>The same from bytes; here through floats.</summary>
    private protected virtual double SparseWeightUpdateBytes(
        CsrMatrix w,
        ByteInput x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float> state0,
        DeviceBuffer<float>? state1,
        int batchSize,
        int samples,
        in OptimizerStep step)
    {
        using var floats = x.ToFloats(batchSize);
        return SparseWeightUpdateCore(w, floats, dY, state0, state1, batchSize, samples, step);
    }

    protected abstract double SparseWeightUpdateCore(
        CsrMatrix w,
        DeviceBuffer<float> x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float> state0,
        DeviceBuffer<float>? state1,
        int batchSize,
        int samples,
        in OptimizerStep step);
}

public sealed unsafe partial class ReferenceBackend
{
    protected override double SparseWeightUpdateCore(
        CsrMatrix w,
        DeviceBuffer<float> x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float> state0,
        DeviceBuffer<float>? state1,
        int batchSize,
        int samples,
        in OptimizerStep step)
    {
        using var dW = new DeviceBuffer<float>(w.Nnz);
        var squares = SparseWeightGradientCore(w, x, dY, dW, batchSize, samples);
        var update = new UpdateAll(w.Nnz, w.Values.Pointer, dW.Pointer, state0.Pointer, state1 is null ? null : state1.Pointer);
        step.Dispatch(ref update);
        return squares;
    }

    private readonly struct UpdateAll(long count, float* parameters, float* gradients, float* state0, float* state1) : IOptimizerUser
    {
        public void Use<TOptimizer>(TOptimizer optimizer)
            where TOptimizer : unmanaged, IOptimizer
        {
            for (var k = 0L; k < count; k++)
            {
                var first = new Lanes1(state0[k]);
                var second = new Lanes1(TOptimizer.HasSecondState ? state1[k] : 0);
                parameters[k] = optimizer.Apply(new Lanes1(parameters[k]), new Lanes1(gradients[k]), ref first, ref second).Value;
                state0[k] = first.Value;
                if (TOptimizer.HasSecondState)
                {
                    state1[k] = second.Value;
                }
            }
        }
    }
}

public sealed unsafe partial class SimdBackend
{
    protected override double SparseWeightUpdateCore(
        CsrMatrix w,
        DeviceBuffer<float> x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float> state0,
        DeviceBuffer<float>? state1,
        int batchSize,
        int samples,
        in OptimizerStep step) => WeightUpdate(w, x, dY, state0, state1, batchSize, samples, step);

    private protected override double SparseWeightUpdateBytes(
        CsrMatrix w,
        ByteInput x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float> state0,
        DeviceBuffer<float>? state1,
        int batchSize,
        int samples,
        in OptimizerStep step) => WeightUpdate(w, x, dY, state0, state1, batchSize, samples, step);

    private double WeightUpdate(
        CsrMatrix w,
        LayerInput x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float> state0,
        DeviceBuffer<float>? state1,
        int batchSize,
        int samples,
        in OptimizerStep step)
    {
        var second = state1 is null ? null : state1.Pointer;
        var call = new WeightUpdateCall
        {
            Backend = this,
            W = w,
            X = x,
            DY = dY,
            BatchSize = batchSize,
            Parameters = new ParameterArrays(w.Values.Pointer, state0.Pointer, second, 1f / samples),
        };
        step.Dispatch(ref call);
        return call.Squares;
    }

    private struct WeightUpdateCall : IOptimizerUser
    {
        public SimdBackend Backend;
        public CsrMatrix W;
        public LayerInput X;
        public DeviceBuffer<float> DY;
        public int BatchSize;
        public ParameterArrays Parameters;
        public double Squares;

        public void Use<TOptimizer>(TOptimizer optimizer)
            where TOptimizer : unmanaged, IOptimizer =>
            Squares = Backend.WeightGradient(W, X, DY, BatchSize, new UpdateParameters<TOptimizer>(Parameters, optimizer));
    }

    private readonly record struct ParameterArrays(nint Values, nint State0, nint State1, float GradientScale)
    {
        public ParameterArrays(float* values, float* state0, float* state1, float gradientScale)
            : this((nint)values, (nint)state0, (nint)state1, gradientScale)
        {
        }
    }

    private readonly struct UpdateParameters<TOptimizer>(ParameterArrays arrays, TOptimizer optimizer) : IGradientSink
        where TOptimizer : unmanaged, IOptimizer
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public double Take<T>(float* sums, long first, int count)
            where T : unmanaged, ILanes<T>
        {
            var squares = T.Broadcast(0);
            var done = 0;
            for (; done <= count - T.Count; done += T.Count)
            {
                var gradient = Apply<T>(sums + done, first + done);
                squares = T.MultiplyAdd(gradient, gradient, squares);
            }

            double total = T.Sum(squares);
            for (; done < count; done++)
            {
                var gradient = Apply<Lanes1>(sums + done, first + done).Value;
                total += (double)gradient * gradient;
            }

            return total;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private T Apply<T>(float* sums, long index)
            where T : unmanaged, ILanes<T>
        {
            var gradient = T.Load(sums) * T.Broadcast(arrays.GradientScale);
            var values = (float*)arrays.Values + index;
            var state0 = (float*)arrays.State0 + index;
            var state1 = (float*)arrays.State1 + index;
            var first = T.Load(state0);
            var second = TOptimizer.HasSecondState ? T.Load(state1) : default;
            T.Store(optimizer.Apply(T.Load(values), gradient, ref first, ref second), values);
            T.Store(first, state0);
            if (TOptimizer.HasSecondState)
            {
                T.Store(second, state1);
            }

            return gradient;
        }
    }
}
