using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>One optimizer step on the model, or on a part of it, with a gradient in the layout of its parameters.</summary>
internal static unsafe class ModelUpdate
{
    /// <param name="gradient">In the layout.</param>
    /// <param name="scale">What the gradient is multiplied by.</param>
    public static void Apply(
        Backend backend, SparseNetwork network, ParameterLayout layout, float* gradient, long from, long to, OptimizerStep step, float scale = 1) =>
        layout.ForEach(network, from, to, (values, state0, state1, place, count) =>
            backend.ParameterUpdate(values, gradient + place, state0, state1, count, step, scale));

    /// <summary>Momentum correction: V ← factor·V.</summary>
    public static void ScaleVelocity(SparseNetwork network, ParameterLayout layout, long from, long to, double factor)
    {
        if (factor == 1)
        {
            return;
        }

        layout.ForEach(network, from, to, (_, velocity, _, _, count) =>
        {
            for (var k = 0L; k < count; k++)
            {
                velocity[k] = (float)(velocity[k] * factor);
            }
        });
    }
}
