using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>What a training stands on, whether one worker trains or many.</summary>
public sealed record TrainingSetup
{
    /// <summary>For fresh weights, and to see by which way to train; a resumed training has its checkpoint's (or <see cref="Overrides"/>).</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>Stays the caller's.</summary>
    public required SampleStore Data { get; init; }

    /// <summary>Where <see cref="Data"/> lies; ranks on other machines open the same path.</summary>
    public required string DataPath { get; init; }

    /// <summary>Stays the caller's. Several ranks have one each of the same kind and share its number of threads out among them.</summary>
    public required Backend Backend { get; init; }

    /// <summary>To go on from; stays the caller's.</summary>
    public Stream? Checkpoint { get; init; }

    /// <summary>As in <see cref="Trainer.Resume"/>.</summary>
    public TrainingOptions? Overrides { get; init; }

    /// <summary>For the transport mpi.</summary>
    public MpiSettings Mpi { get; init; } = new();

    internal int ThreadsPerRank => Math.Max(1, Backend.Threads / Workers);

    internal int Workers => Options.Parallel?.Workers ?? 1;
}
