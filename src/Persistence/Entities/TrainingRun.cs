using SparseService.Engine.Training;

namespace SparseService.Persistence.Entities;

public enum RunState
{
    Queued,
    Starting,
    Running,
    Pausing,
    Paused,
    Stopping,
    Cancelled,
    Succeeded,
    Failed,
}

/// <summary>Why a run is in its state, for machines; the words stand in <see cref="TrainingRun.Message"/>.</summary>
public enum RunReason
{
    None,
    User,
    Quota,
    Deadline,
    LeaseLost,
    OutOfMemory,
    Diverged,
    Validation,
    Storage,
    Internal,

    /// <summary>One of several workers of the run failed, or could not start.</summary>
    RankFailed,
}

/// <summary>A run; this table is the queue too (design section 2).</summary>
public sealed class TrainingRun
{
    public Guid Id { get; set; }

    public Guid OwnerId { get; set; }

    public string? Name { get; set; }

    public Dictionary<string, string> Labels { get; set; } = [];

    /// <summary>jsonb, exactly the validated body.</summary>
    public required RunSpec Spec { get; set; }

    public Guid DatasetId { get; set; }

    public RunState State { get; set; }

    public RunReason Reason { get; set; }

    /// <summary>For people: what happened and what to do.</summary>
    public string? Message { get; set; }

    /// <summary>Claims so far; each claim is an attempt.</summary>
    public int Attempt { get; set; }

    /// <summary>Attempts that ended in a fault which a retry may cure.</summary>
    public int Faults { get; set; }

    /// <summary>Raised at every claim; every later write of a worker carries it.</summary>
    public long LeaseEpoch { get; set; }

    public string? LeaseOwner { get; set; }

    /// <summary>By the database's clock.</summary>
    public DateTimeOffset? LeaseExpiresAt { get; set; }

    /// <summary>Not claimed before this instant: the wait before a retry.</summary>
    public DateTimeOffset NotBefore { get; set; }

    public int EpochsTotal { get; set; }

    /// <summary>Epochs recorded in metrics and events, each once. May be ahead of the last checkpoint after a crash.</summary>
    public int EpochsDone { get; set; }

    public long StepsDone { get; set; }

    /// <summary>Sequence number of the newest event; raised in the transaction that appends it, so there is no gap.</summary>
    public long LastEventSeq { get; set; }

    public Guid? LastCheckpointId { get; set; }

    /// <summary>Checkpoint that the run started from, when it is a fork.</summary>
    public Guid? ForkedFromCheckpointId { get; set; }

    public Guid? ModelId { get; set; }

    public double? Loss { get; set; }

    public double? TestLoss { get; set; }

    public double? TestAccuracy { get; set; }

    public double? BestTestAccuracy { get; set; }

    public long? Nnz { get; set; }

    public double? Density { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }
}
