using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>All that a rank must know, as a file in the private folder.</summary>
internal sealed record RankSetup
{
    public required TrainingOptions Options { get; init; }

    public TrainingOptions? Overrides { get; init; }

    public required string DataPath { get; init; }

    /// <summary>Of the data that every rank must find there.</summary>
    public required string DataHash { get; init; }

    public string? CheckpointPath { get; init; }

    public required string Backend { get; init; }

    public required int Threads { get; init; }

    public required int SilenceSeconds { get; init; }

    /// <summary>Unix socket on which the process that started the ranks waits for rank 0.</summary>
    public required string Socket { get; init; }
}

internal enum ControlCommand
{
    Epoch = 1,

    /// <summary>Of the epoch with the same number, done already or not.</summary>
    Cancel,
    Checkpoint,
    Model,
    End,
}

/// <summary>To rank 0.</summary>
/// <param name="Number">Of an epoch: from 1, so that a late cancel does not meet the next one.</param>
/// <param name="Path">Of a checkpoint or model: where to.</param>
internal sealed record ControlOrder(ControlCommand Command, long Number = 0, string? Path = null);

/// <summary>From rank 0: steps while an epoch runs, and one answer to each order but cancel and end, and to the start.</summary>
internal sealed record ControlAnswer
{
    public IReadOnlyList<StepResult>? Steps { get; init; }

    public TrainingState? State { get; init; }

    /// <summary>Of an epoch that was done; absent from one that was cancelled.</summary>
    public EpochResult? Epoch { get; init; }

    public RankFault? Fault { get; init; }
}

/// <summary>What <see cref="ITraining"/> tells, at one moment.</summary>
internal sealed record TrainingState
{
    public required int EpochsDone { get; init; }

    public required long Step { get; init; }

    public required int StepsPerEpoch { get; init; }

    public required bool IsFinished { get; init; }

    public required long Nnz { get; init; }

    public required long DenseParameters { get; init; }

    /// <summary>Once, with the first answer.</summary>
    public TrainingOptions? Options { get; init; }

    public static TrainingState Of(ITraining training) => new()
    {
        EpochsDone = training.EpochsDone,
        Step = training.Step,
        StepsPerEpoch = training.StepsPerEpoch,
        IsFinished = training.IsFinished,
        Nnz = training.Nnz,
        DenseParameters = training.DenseParameters,
    };
}
