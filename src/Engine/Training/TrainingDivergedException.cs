namespace SparseService.Engine.Training;

/// <summary>The loss stopped being finite: a retry with the same options would end the same way.</summary>
public sealed class TrainingDivergedException(int epoch, long step, double loss)
    : Exception($"The loss became {loss} in epoch {epoch}, step {step}. Lower optimizer.learningRate (or normalise the inputs) and start again.")
{
    public int Epoch { get; } = epoch;

    public long Step { get; } = step;

    public double Loss { get; } = loss;
}
