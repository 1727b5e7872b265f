using System.Runtime.ExceptionServices;
using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Threads;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>A training whose ranks are threads of this process; rank 0 is the thread that calls.</summary>
internal sealed class ThreadTraining : ITraining
{
    private readonly ThreadGroup group;
    private readonly Thread[] others;
    private readonly Backend backend;
    private readonly CheckpointCopy? checkpoint;
    private RankedTraining? training;

    private ThreadTraining(TrainingSetup setup)
    {
        group = new ThreadGroup(setup.Workers);
        checkpoint = CheckpointCopy.Of(setup.Checkpoint, null);
        backend = Backend.Create(setup.Backend.Name, setup.ThreadsPerRank);
        others = Enumerable.Range(1, setup.Workers - 1).Select(group.Start(rank => Serve(rank, setup, checkpoint))).ToArray();
    }

    public TrainingOptions Options => training!.Options;

    public int EpochsDone => training!.EpochsDone;

    public long Step => training!.Step;

    public int StepsPerEpoch => training!.StepsPerEpoch;

    public bool IsFinished => training!.IsFinished;

    public long Nnz => training!.Nnz;

    public long DenseParameters => training!.DenseParameters;

    public static ThreadTraining Open(TrainingSetup setup)
    {
        var opened = new ThreadTraining(setup);
        try
        {
            opened.Try(() => opened.training = new RankedTraining(opened.group[0], OpenRank(opened.group[0], setup, opened.backend, opened.checkpoint)));
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public EpochResult TrainEpoch(Action<StepResult>? onStep = null, CancellationToken cancellationToken = default)
    {
        EpochResult? result = null;
        Try(() => result = training!.TrainEpoch(onStep, cancellationToken));
        return result!;
    }

    public void WriteCheckpoint(Stream destination) => Try(() => training!.WriteCheckpoint(destination));

    public void WriteModel(Stream destination) => Try(() => training!.WriteModel(destination));

    public void Dispose()
    {
        if (!group.HasFailed && training is not null)
        {
            Swallow(training.End);
        }

        // Where the end could not be told, the others are at work on something that nobody wants any more.
        group[0].Abort(new OperationCanceledException("The training was ended"));
        foreach (var other in others)
        {
            other.Join();
        }

        training?.Dispose();
        backend.Dispose();
        checkpoint?.Dispose();
        group.Dispose();
    }

    private static void Serve(ThreadCommunicator rank, TrainingSetup setup, CheckpointCopy? checkpoint)
    {
        using var backend = Backend.Create(setup.Backend.Name, setup.ThreadsPerRank);
        using var training = OpenRank(rank, setup, backend, checkpoint);
        RankedTraining.Serve(rank, training);
    }

    private static IRankTraining OpenRank(ICommunicator rank, TrainingSetup setup, Backend backend, CheckpointCopy? checkpoint)
    {
        using var stream = checkpoint?.Open();
        return RankTrainings.Open(rank, setup.Options, setup.Data, backend, stream, setup.Overrides);
    }

    private static void Swallow(Action action)
    {
        try
        {
            action();
        }
        catch (RankFailedException)
        {
            // It is told to whoever calls anything but the end.
        }
    }

    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (OperationCanceledException)
        {
            throw;
        }
        catch (RankFailedException fault) when (RankFault.IsOfTheTraining(fault.InnerException))
        {
            ExceptionDispatchInfo.Throw(fault.InnerException!);
        }
        catch (Exception fault)
        {
            group[0].Abort(fault);
            throw;
        }
    }
}
