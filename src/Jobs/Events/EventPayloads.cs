using SparseService.Engine.Training;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Events;

/// <summary>Payload of <see cref="RunEventKind.State"/>.</summary>
/// <param name="Environment">Where the run is trained; only in the event of the state running.</param>
public sealed record StatePayload(RunState State, RunReason Reason, string? Message, int Attempt, RunEnvironment? Environment = null);

/// <summary>Payload of <see cref="RunEventKind.Checkpoint"/>.</summary>
public sealed record CheckpointPayload(Guid CheckpointId, int Epoch, long Step, long Bytes);

/// <summary>Payload of <see cref="RunEventKind.Model"/>; checkpoint and epoch are given by a model that was made of a checkpoint.</summary>
public sealed record ModelPayload(
    Guid ModelId, long Bytes, long DenseBytes, long Nnz, double? TestAccuracy, Guid? CheckpointId = null, int? Epoch = null);

/// <summary>Payload of <see cref="RunEventKind.Log"/>.</summary>
public sealed record LogPayload(string Level, string Message);

/// <summary>Payload of <see cref="RunEventKind.Epoch"/>: <see cref="EpochResult"/> without the long statistics. A number that is not finite is left out.</summary>
public sealed record EpochPayload
{
    public required int Epoch { get; init; }

    public required long Step { get; init; }

    public required int EpochsTotal { get; init; }

    public double? Loss { get; init; }

    public double? TrainAccuracy { get; init; }

    public double? TestLoss { get; init; }

    public double? TestAccuracy { get; init; }

    public required long Nnz { get; init; }

    public double? Density { get; init; }

    public double? LearningRate { get; init; }

    public double? GradientNorm { get; init; }

    public required double TrainSeconds { get; init; }

    public required double EvolutionSeconds { get; init; }

    public required double TestSeconds { get; init; }

    public double? SamplesPerSecond { get; init; }

    public double? GigaflopsPerSecond { get; init; }

    /// <summary>Resident memory of the worker's process.</summary>
    public long? WorkerBytes { get; init; }

    /// <summary>What the workers of a parallel run did; absent from other runs.</summary>
    public RanksPayload? Ranks { get; init; }

    /// <summary>Seconds that the remaining epochs will take at the rate of this one.</summary>
    public double? SecondsLeft { get; init; }

    public static EpochPayload From(EpochResult result, int epochsTotal, long workerBytes) => new()
    {
        Epoch = result.Epoch,
        Step = result.Step,
        EpochsTotal = epochsTotal,
        Loss = Finite(result.Loss),
        TrainAccuracy = Finite(result.TrainAccuracy),
        TestLoss = Finite(result.TestLoss),
        TestAccuracy = Finite(result.TestAccuracy),
        Nnz = result.Nnz,
        Density = Finite(result.Density),
        LearningRate = Finite(result.LearningRate),
        GradientNorm = Finite(result.GradientNorm),
        TrainSeconds = result.TrainSeconds,
        EvolutionSeconds = result.EvolutionSeconds,
        TestSeconds = result.TestSeconds,
        SamplesPerSecond = Finite(result.SamplesPerSecond),
        GigaflopsPerSecond = Finite(result.GigaflopsPerSecond),
        WorkerBytes = workerBytes,
        Ranks = RanksPayload.Of(result),
        SecondsLeft = Finite((result.TrainSeconds + result.EvolutionSeconds + result.TestSeconds) * (epochsTotal - result.Epoch)),
    };

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
