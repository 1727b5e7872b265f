using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

// Optimizer step of parameters whose gradient is known:  (p, state) ← rule(p, scale·g, state)
//
// Cost: a few flops for a number; memory sets the pace.
public abstract unsafe partial class Backend
{
    /// <summary>Updates <paramref name="count"/> parameters that stand side by side.</summary>
    /// <param name="gradients">One per parameter.</param>
    /// <param name="state1">Null for SGD.</param>
    /// <param name="scale">What the gradients are multiplied by first, e.g. 1/K for a sum over K workers.</param>
    internal void ParameterUpdate(
        float* parameters, float* gradients, float* state0, float* state1, long count, in OptimizerStep step, float scale = 1) =>
        ParameterUpdateCore(parameters, gradients, state0, state1, count, step, scale);

    private protected abstract void ParameterUpdateCore(
        float* parameters, float* gradients, float* state0, float* state1, long count, in OptimizerStep step, float scale);
}

public sealed unsafe partial class ReferenceBackend
{
    private protected override void ParameterUpdateCore(
        float* parameters, float* gradients, float* state0, float* state1, long count, in OptimizerStep step, float scale)
    {
        using var scaled = new DeviceBuffer<float>(count);
        for (var k = 0L; k < count; k++)
        {
            scaled.Pointer[k] = gradients[k] * scale;
        }

        var update = new UpdateAll(count, parameters, scaled.Pointer, state0, state1);
        step.Dispatch(ref update);
    }
}

public sealed unsafe partial class SimdBackend
{
    private protected override void ParameterUpdateCore(
        float* parameters, float* gradients, float* state0, float* state1, long count, in OptimizerStep step, float scale)
    {
        var call = new ParameterUpdateCall
        {
            Backend = this, Gradients = gradients, Count = count, Parameters = new ParameterArrays(parameters, state0, state1, scale),
        };
        step.Dispatch(ref call);
    }

    private struct ParameterUpdateCall : IOptimizerUser
    {
        public SimdBackend Backend;
        public float* Gradients;
        public long Count;
        public ParameterArrays Parameters;

        public readonly void Use<TOptimizer>(TOptimizer optimizer)
            where TOptimizer : unmanaged, IOptimizer
        {
            var update = new UpdateStretches<UpdateParameters<TOptimizer>>(Gradients, Count, new UpdateParameters<TOptimizer>(Parameters, optimizer));
            Backend.team.Run(ref update, update.Blocks);
        }
    }

    private struct UpdateStretches<TSink>(float* gradients, long count, TSink sink) : IBlockWork
        where TSink : unmanaged, IGradientSink
    {
        // A block is worth a second thread's while.
        private const long Stretch = 1 << 16;

        public readonly int Blocks => (int)((count + Stretch - 1) / Stretch);

        public void Execute(int block)
        {
            var first = block * Stretch;
            sink.TakeAll(gradients + first, first, (int)Math.Min(Stretch, count - first));
        }
    }
}
