using System.Text.Json;
using SparseService.Engine.Training;
using SparseService.Jobs.Events;

namespace SparseService.Api.Runs;

public sealed record RunResponse
{
    public required Guid Id { get; init; }

    public string? Name { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required RunState State { get; init; }

    /// <summary>Why the run is in its state, for programs.</summary>
    public required RunReason Reason { get; init; }

    /// <summary>The same for people: what happened and what to do.</summary>
    public string? Message { get; init; }

    /// <summary>0 to 1, by epochs.</summary>
    public required double Progress { get; init; }

    /// <summary>Estimate from the last epochs; absent before the first one and when the run does not run.</summary>
    public double? RemainingSeconds { get; init; }

    public required int EpochsTotal { get; init; }

    public required int EpochsDone { get; init; }

    public required long StepsDone { get; init; }

    public double? Loss { get; init; }

    public double? TestLoss { get; init; }

    public double? TestAccuracy { get; init; }

    public double? BestTestAccuracy { get; init; }

    /// <summary>Stored connections.</summary>
    public long? Nnz { get; init; }

    public double? Density { get; init; }

    public required Guid DatasetId { get; init; }

    /// <summary>As posted, without an edge list: GET /v1/runs/{id}/spec has everything.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>The key that made the run.</summary>
    public required Guid OwnerId { get; init; }

    /// <summary>How often a worker took the run up.</summary>
    public required int Attempt { get; init; }

    /// <summary>Sequence number of the newest event.</summary>
    public required long LastEventSeq { get; init; }

    public Guid? LastCheckpointId { get; init; }

    public Guid? ForkedFromCheckpointId { get; init; }

    /// <summary>Given when the run has succeeded.</summary>
    public Guid? ModelId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>What trains it, or did so last; only when one run is asked for.</summary>
    public RunEnvironment? Environment { get; init; }

    internal static RunResponse From(TrainingRun run) => From(run, null);

    internal static RunResponse From(TrainingRun run, double? remainingSeconds) => new()
    {
        Id = run.Id,
        Name = run.Name,
        Labels = run.Labels,
        State = run.State,
        Reason = run.Reason,
        Message = run.Message,
        Progress = run.EpochsTotal == 0 ? 0 : (double)run.EpochsDone / run.EpochsTotal,
        RemainingSeconds = remainingSeconds,
        EpochsTotal = run.EpochsTotal,
        EpochsDone = run.EpochsDone,
        StepsDone = run.StepsDone,
        Loss = run.Loss,
        TestLoss = run.TestLoss,
        TestAccuracy = run.TestAccuracy,
        BestTestAccuracy = run.BestTestAccuracy,
        Nnz = run.Nnz,
        Density = run.Density,
        DatasetId = run.DatasetId,
        Spec = WithoutEdges(run.Spec),
        OwnerId = run.OwnerId,
        Attempt = run.Attempt,
        LastEventSeq = run.LastEventSeq,
        LastCheckpointId = run.LastCheckpointId,
        ForkedFromCheckpointId = run.ForkedFromCheckpointId,
        ModelId = run.ModelId,
        CreatedAt = run.CreatedAt,
        StartedAt = run.StartedAt,
        FinishedAt = run.FinishedAt,
    };

    private static RunSpec WithoutEdges(RunSpec spec)
    {
        var network = spec.Training.Network;
        return network.Topology.Edges is null
            ? spec
            : spec with { Training = spec.Training with { Network = network with { Topology = network.Topology with { Edges = null } } } };
    }
}

/// <summary>Something that happened to a run.</summary>
/// <param name="Seq">From 1, without gaps.</param>
/// <param name="Payload">Its fields depend on the kind; docs/events.md lists them.</param>
public sealed record RunEventMessage(Guid RunId, long Seq, RunEventKind Kind, JsonElement Payload, DateTimeOffset At)
{
    internal static RunEventMessage From(RunEvent row) => new(row.RunId, row.Seq, row.Kind, JsonElement.Parse(row.Payload), row.At);
}

/// <summary>Events in order.</summary>
/// <param name="LastSeq">Give it as <c>after</c> to read on.</param>
/// <param name="More">True when there are events behind the last one.</param>
public sealed record RunEventsResponse(IReadOnlyList<RunEventMessage> Items, long LastSeq, bool More);

/// <summary>What changed in the list of runs since the last message.</summary>
/// <param name="Runs">Rows as they are now, new ones too.</param>
/// <param name="Deleted">Runs that are gone.</param>
/// <param name="Reload">True when there was more than a message holds: the list is to be read again.</param>
public sealed record RunsChangedMessage(IReadOnlyList<RunResponse> Runs, IReadOnlyList<Guid> Deleted, bool Reload);

/// <summary>Progress inside an epoch; at most ten a second are shown, none is kept for later.</summary>
public sealed record StepMessage(Guid RunId, int Epoch, long Step, int StepsPerEpoch, double Loss)
{
    internal static StepMessage From(StepUpdate step) => new(step.Run, step.Epoch, step.Step, step.StepsPerEpoch, step.Loss);
}

/// <param name="Step">Epoch for epoch series, optimizer step for step series; from 1.</param>
public sealed record MetricPoint(long Step, double Value);

/// <summary>Statistics of the layers of one epoch.</summary>
public sealed record EpochLayers(int Epoch, IReadOnlyList<LayerStatistics> Layers);

/// <summary>Continues from a checkpoint as a run of its own.</summary>
public sealed record ForkRunRequest : IRequestBody
{
    /// <summary>A checkpoint of the run in the address.</summary>
    public required Guid CheckpointId { get; init; }

    public string? Name { get; init; }

    /// <summary>Epochs in all, those before the checkpoint included; absent = as in the run.</summary>
    public int? Epochs { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IEnumerable<ApiFault> Faults()
    {
        if (Epochs is < 1 or > TrainingOptionsValidator.MaximumEpochs)
        {
            yield return ApiFault.Of("$.epochs", Epochs, $"1 to {TrainingOptionsValidator.MaximumEpochs}");
        }
    }
}
