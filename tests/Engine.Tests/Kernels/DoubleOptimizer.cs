using SparseService.Engine.Elementwise;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Kernels;

/// <summary>The update rules once more, from their formulas, in double: the judge of the ones in the engine.</summary>
internal static class DoubleOptimizer
{
    public static OptimizerStep[] Samples { get; } =
    [
        OptimizerStep.From(new OptimizerOptions { Momentum = 0.9, WeightDecay = 0.002 }, 0.1, 3),
        OptimizerStep.From(new OptimizerOptions { Momentum = 0.8, WeightDecay = 0.002, Nesterov = true }, 0.1, 3),
        OptimizerStep.From(new OptimizerOptions { Kind = OptimizerKind.Adam, WeightDecay = 0.002 }, 0.1, 3),
    ];

    public static (double[] Parameters, double[] State0, double[] State1) Apply(
        OptimizerStep step, float[] parameters, double[] gradient, float[] state0, float[]? state1)
    {
        var after = new double[parameters.Length];
        var first = new double[parameters.Length];
        var second = new double[state1?.Length ?? 0];
        for (var k = 0; k < after.Length; k++)
        {
            double w = parameters[k];
            if (step.Kind == OptimizerKind.Adam)
            {
                first[k] = (step.Beta1 * state0[k]) + ((1 - step.Beta1) * gradient[k]);
                second[k] = (step.Beta2 * state1![k]) + ((1 - step.Beta2) * gradient[k] * gradient[k]);
                var mean = first[k] / (1 - Math.Pow(step.Beta1, step.Step));
                var variance = second[k] / (1 - Math.Pow(step.Beta2, step.Step));
                after[k] = w - (step.LearningRate * mean / (Math.Sqrt(variance) + step.Epsilon)) - (step.WeightDecay * w);
                continue;
            }

            first[k] = (step.Momentum * state0[k]) - (step.LearningRate * gradient[k]);
            var move = step.Nesterov ? (step.Momentum * first[k]) - (step.LearningRate * gradient[k]) : first[k];
            after[k] = w + move - (step.WeightDecay * w);
        }

        return (after, first, second);
    }
}
