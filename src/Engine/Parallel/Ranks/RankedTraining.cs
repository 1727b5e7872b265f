using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>Rank 0's side of a training: tells the other ranks what to do, and does it with them.</summary>
internal sealed unsafe class RankedTraining(ICommunicator ranks, IRankTraining training) : ITraining
{
    private enum Command
    {
        Epoch = 1,
        Checkpoint,
        Model,
        End,
    }

    public TrainingOptions Options => training.Options;

    public int EpochsDone => training.EpochsDone;

    public long Step => training.Step;

    public int StepsPerEpoch => training.StepsPerEpoch;

    public bool IsFinished => training.IsFinished;

    public long Nnz => training.Nnz;

    public long DenseParameters => training.DenseParameters;

    /// <summary>The other ranks: does what rank 0 tells until it says that this is the end.</summary>
    public static void Serve(ICommunicator ranks, IRankTraining training)
    {
        while (true)
        {
            switch (Tell(ranks, default))
            {
                case Command.Epoch:
                    try
                    {
                        training.TrainEpoch(null, CancellationToken.None);
                    }
                    catch (OperationCanceledException)
                    {
                        // All ranks stand at the same step and wait for what comes next.
                    }

                    break;
                case Command.Checkpoint:
                    training.WriteCheckpoint(null);
                    break;
                case Command.Model:
                    training.WriteModel(null);
                    break;
                default:
                    return;
            }
        }
    }

    public EpochResult TrainEpoch(Action<StepResult>? onStep = null, CancellationToken cancellationToken = default)
    {
        if (IsFinished)
        {
            throw new InvalidOperationException($"All {Options.Epochs} epochs are done; raise epochs and resume to train on");
        }

        cancellationToken.ThrowIfCancellationRequested();
        Tell(ranks, Command.Epoch);
        return training.TrainEpoch(onStep, cancellationToken) ?? throw new InvalidOperationException("Rank 0 has no result of its epoch");
    }

    public void WriteCheckpoint(Stream destination)
    {
        Tell(ranks, Command.Checkpoint);
        training.WriteCheckpoint(destination);
    }

    public void WriteModel(Stream destination)
    {
        Tell(ranks, Command.Model);
        training.WriteModel(destination);
    }

    /// <summary>Lets the other ranks go.</summary>
    /// <exception cref="RankFailedException">One of them has failed.</exception>
    public void End() => Tell(ranks, Command.End);

    public void Dispose() => training.Dispose();

    private static Command Tell(ICommunicator ranks, Command command)
    {
        // What is between two commands is no waiting of the training.
        var waited = ranks.Counters.WaitingSeconds;
        ranks.Broadcast(&command, sizeof(Command), 0);
        ranks.Counters.WaitingSeconds = waited;
        return command;
    }
}
