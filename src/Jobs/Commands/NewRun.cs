using SparseService.Engine.Training;

namespace SparseService.Jobs.Commands;

/// <summary>A validated run on its way into the table.</summary>
public sealed record NewRun
{
    public required Guid OwnerId { get; init; }

    public required RunSpec Spec { get; init; }

    /// <summary>The dataset that the spec's reference was resolved to.</summary>
    public required Guid DatasetId { get; init; }

    /// <summary>With it, the same request sent again finds the first one's run.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>SHA-256 of the request's body; required with a key.</summary>
    public byte[]? BodyHash { get; init; }

    /// <summary>Start from this checkpoint of any run instead of from fresh weights.</summary>
    public Guid? ForkFromCheckpointId { get; init; }
}

public enum CreateRunOutcome
{
    Created,

    /// <summary>The same key and body came before; the id is that run's.</summary>
    Existing,

    /// <summary>The key came before with another body.</summary>
    KeyConflict,

    /// <summary>The checkpoint to fork from does not exist (any more).</summary>
    CheckpointNotFound,

    /// <summary>The checkpoint has finished as many epochs as the spec asks for, or more.</summary>
    NothingLeftToTrain,
}

/// <param name="RunId">Of the created or existing run; the existing run's in a conflict; else empty.</param>
public sealed record CreateRunResult(CreateRunOutcome Outcome, Guid RunId);
