namespace SparseService.Persistence.Entities;

/// <summary>Append-only history of a run; primary key (RunId, Seq), Seq from 1 without gaps.</summary>
public sealed class RunEvent
{
    public Guid RunId { get; set; }

    public long Seq { get; set; }

    /// <summary>One of <see cref="RunEventKind"/>, as text.</summary>
    public RunEventKind Kind { get; set; }

    /// <summary>jsonb object; its fields depend on <see cref="Kind"/> (docs/events.md).</summary>
    public required string Payload { get; set; }

    public DateTimeOffset At { get; set; }
}

public enum RunEventKind
{
    /// <summary>{ state, reason, message, attempt }</summary>
    State,

    /// <summary>The epoch's numbers, see EpochResult, without the long statistics.</summary>
    Epoch,

    /// <summary>{ checkpointId, epoch, step, bytes }</summary>
    Checkpoint,

    /// <summary>{ modelId, bytes, denseBytes, nnz, testAccuracy }</summary>
    Model,

    /// <summary>{ level, message }</summary>
    Log,
}

/// <summary>A point of a series; primary key (RunId, Series, Step). Written by COPY; a point that is there stays.</summary>
public sealed class RunMetric
{
    public Guid RunId { get; set; }

    /// <summary>loss, testLoss, testAccuracy, nnz, … by epoch; stepLoss by step.</summary>
    public required string Series { get; set; }

    /// <summary>Epoch for epoch series, optimizer step for step series; from 1.</summary>
    public long Step { get; set; }

    public double Value { get; set; }
}

/// <summary>The statistics of an epoch; primary key (RunId, Epoch).</summary>
public sealed class RunStatistics
{
    public Guid RunId { get; set; }

    public int Epoch { get; set; }

    /// <summary>jsonb, Engine's NetworkStatistics.</summary>
    public required string Payload { get; set; }
}
