using SparseService.Engine.Training;

namespace SparseService.Cli.Training;

/// <summary>Where the news of a training goes.</summary>
internal abstract class TrainOutput
{
    /// <summary>Chooses by who reads: a program, a terminal, a file.</summary>
    public static TrainOutput Create(bool json) =>
        json ? new JsonLines() : Console.IsOutputRedirected ? new PlainLines() : new LiveLines();

    /// <summary>Runs the training with this output open.</summary>
    /// <param name="epochs">Epochs of the whole training.</param>
    public virtual Task ShowAsync(int epochs, Func<Task> training) => training();

    public virtual void Say(string line)
    {
    }

    public virtual void Step(StepResult step)
    {
    }

    public abstract void Epoch(EpochNews epoch);

    public abstract void Done(TrainSummary summary);
}
