namespace SparseService.Engine.Kernels;

/// <summary>Loss of one minibatch.</summary>
/// <param name="LossSum">Summed over the samples, not averaged. Not finite if any logit is not.</param>
/// <param name="Correct">Samples whose predicted class is right; 0 for regression.</param>
public readonly record struct LossResult(double LossSum, int Correct);
