using System.Runtime.CompilerServices;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// Gradient and optimizer step of the biases:  db[i] = (1/samples)·Σ_b dY[i,b],  (b, state) ← rule(b, db, state)
//
//   b  Rows, updated in place        dY  Rows × batchSize, the last batchSize − samples of them 0
public abstract partial class Backend
{
    /// <summary>Updates the biases from one minibatch.</summary>
    /// <param name="bias">One per output neuron, updated.</param>
    /// <param name="dY">[bias.Length, batchSize], gradient by the preactivations, not divided by the batch size.</param>
    /// <param name="state0">One per bias, updated: velocity, or Adam's first moment.</param>
    /// <param name="state1">One per bias, updated: Adam's second moment. Null for SGD.</param>
    /// <param name="padding">How many samples at the end of the minibatch are none: dY is 0 there, and the mean is over the others.</param>
    /// <returns>Squared L2 norm of db.</returns>
    /// <exception cref="ArgumentException">A buffer or array has the wrong length.</exception>
    public double BiasUpdate(
        float[] bias, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, in OptimizerStep step, int padding = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        RequirePadding(padding, batchSize);
        RequireLength(dY.Length, bias.Length, batchSize, nameof(dY));
        RequireState(state0.Length, state1?.Length, bias.Length, step);
        var squares = BiasUpdateCore(bias, dY, state0, state1, batchSize, batchSize - padding, step);
        KeepAlive(null, dY);
        return squares;
    }

    /// <summary>Gradient of the biases alone: db[i] = (1/samples)·Σ_b dY[i,b].</summary>
    /// <param name="dY">[db.Length, batchSize], gradient by the preactivations, not divided by the batch size.</param>
    /// <param name="db">One per output neuron, overwritten.</param>
    /// <param name="padding">How many samples at the end of the minibatch are none: dY is 0 there, and the mean is over the others.</param>
    /// <returns>Squared L2 norm of db.</returns>
    /// <exception cref="ArgumentException">A buffer has the wrong length.</exception>
    public double BiasGradient(DeviceBuffer<float> dY, DeviceBuffer<float> db, int batchSize, int padding = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        RequirePadding(padding, batchSize);
        RequireLength(dY.Length, db.Length, batchSize, nameof(dY));
        var squares = BiasGradientCore(dY, db, batchSize, batchSize - padding);
        KeepAlive(null, dY, db);
        return squares;
    }

    protected abstract double BiasGradientCore(DeviceBuffer<float> dY, DeviceBuffer<float> db, int batchSize, int samples);

    protected abstract double BiasUpdateCore(
        float[] bias, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, int samples, in OptimizerStep step);
}

public sealed unsafe partial class ReferenceBackend
{
    protected override double BiasGradientCore(DeviceBuffer<float> dY, DeviceBuffer<float> db, int batchSize, int samples)
    {
        var squares = 0.0;
        for (var row = 0; row < db.Length; row++)
        {
            var sum = 0.0;
            for (var sample = 0; sample < batchSize; sample++)
            {
                sum += dY.Pointer[((long)row * batchSize) + sample];
            }

            db[row] = (float)(sum / samples);
            squares += (double)db[row] * db[row];
        }

        return squares;
    }

    protected override double BiasUpdateCore(
        float[] bias, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, int samples, in OptimizerStep step)
    {
        using var gradients = new DeviceBuffer<float>(bias.Length);
        var squares = BiasGradientCore(dY, gradients, batchSize, samples);
        fixed (float* values = bias, first = state0, second = state1)
        {
            var update = new UpdateAll(bias.Length, values, gradients.Pointer, first, second);
            step.Dispatch(ref update);
        }

        return squares;
    }
}

public sealed unsafe partial class SimdBackend
{
    protected override double BiasGradientCore(DeviceBuffer<float> dY, DeviceBuffer<float> db, int batchSize, int samples)
    {
        var call = new BiasGradientCall
        {
            Backend = this, Rows = (int)db.Length, DY = dY.Pointer, BatchSize = batchSize, Sink = new StoreGradient(db.Pointer, 1f / samples),
        };
        Dispatch(batchSize, ref call);
        return call.Squares;
    }

    private struct BiasGradientCall : ILanesUser
    {
        public SimdBackend Backend;
        public int Rows;
        public float* DY;
        public int BatchSize;
        public StoreGradient Sink;
        public double Squares;

        public void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>
        {
            var squares = stackalloc double[RowBlocks.MostBlocks];
            var sums = new RowSums<TLanes, StoreGradient>(Rows, BatchSize, DY, Sink, squares);
            Backend.team.Run(ref sums, sums.Blocks);
            Squares = SumInOrder(squares, sums.Blocks);
        }
    }

    protected override double BiasUpdateCore(
        float[] bias, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, int samples, in OptimizerStep step)
    {
        fixed (float* values = bias, first = state0, second = state1)
        {
            var call = new BiasUpdateCall
            {
                Backend = this,
                Rows = bias.Length,
                DY = dY.Pointer,
                BatchSize = batchSize,
                Parameters = new ParameterArrays(values, first, second, 1f / samples),
            };
            step.Dispatch(ref call);
            return call.Squares;
        }
    }

    private struct BiasUpdateCall : IOptimizerUser
    {
        public SimdBackend Backend;
        public int Rows;
        public float* DY;
        public int BatchSize;
        public ParameterArrays Parameters;
        public double Squares;

        public void Use<TOptimizer>(TOptimizer optimizer)
            where TOptimizer : unmanaged, IOptimizer
        {
            var call = new BiasUpdateCallOf<TOptimizer> { Call = this, Sink = new UpdateParameters<TOptimizer>(Parameters, optimizer) };
            Dispatch(BatchSize, ref call);
            Squares = call.Call.Squares;
        }
    }

    private struct BiasUpdateCallOf<TOptimizer> : ILanesUser
        where TOptimizer : unmanaged, IOptimizer
    {
        public BiasUpdateCall Call;
        public UpdateParameters<TOptimizer> Sink;

        public void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>
        {
            var squares = stackalloc double[RowBlocks.MostBlocks];
            var sums = new RowSums<TLanes, UpdateParameters<TOptimizer>>(Call.Rows, Call.BatchSize, Call.DY, Sink, squares);
            Call.Backend.team.Run(ref sums, sums.Blocks);
            Call.Squares = SumInOrder(squares, sums.Blocks);
        }
    }
}
