using SparseService.Engine.Training;

namespace SparseService.Engine.Elementwise;

/// <summary>One step of the optimizer: its options with the learning rate of this step and the number of the step.</summary>
/// <param name="Step">Counted from 1; Adam's bias correction needs it.</param>
public readonly record struct OptimizerStep(
    OptimizerKind Kind,
    float LearningRate,
    float Momentum,
    bool Nesterov,
    float WeightDecay,
    float Beta1,
    float Beta2,
    float Epsilon,
    long Step)
{
    /// <summary>Values of state per parameter: 1 for SGD (velocity), 2 for Adam (first and second moment).</summary>
    public int StateSlots => Kind == OptimizerKind.Adam ? 2 : 1;

    /// <param name="learningRate">Of this step: the schedule is already in it.</param>
    public static OptimizerStep From(OptimizerOptions options, double learningRate, long step)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        return new OptimizerStep(
            options.Kind,
            (float)learningRate,
            (float)options.Momentum,
            options.Nesterov,
            (float)options.WeightDecay,
            (float)options.Beta1,
            (float)options.Beta2,
            (float)options.Epsilon,
            step);
    }

    /// <summary>Hands the rule to <paramref name="user"/> as its own type, so that code inside is compiled for it.</summary>
    internal void Dispatch<TUser>(ref TUser user)
        where TUser : struct, IOptimizerUser, allows ref struct
    {
        if (Kind == OptimizerKind.Adam)
        {
            // In double: 1 − beta2ᵗ is near 10⁻³ at the first steps.
            var correction1 = (float)(1 / (1 - Math.Pow(Beta1, Step)));
            var correction2 = (float)(1 / (1 - Math.Pow(Beta2, Step)));
            user.Use(new Adam(LearningRate, Beta1, Beta2, Epsilon, correction1, correction2, WeightDecay));
        }
        else if (Nesterov)
        {
            user.Use(new Nesterov(LearningRate, Momentum, WeightDecay));
        }
        else
        {
            user.Use(new Momentum(LearningRate, Momentum, WeightDecay));
        }
    }
}
