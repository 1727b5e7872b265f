using SparseService.Engine.Parallel.Ranks;
using SparseService.Engine.Training;

namespace SparseService.Cli.Training;

/// <summary>What <c>sparse train</c> was asked to do.</summary>
internal sealed record TrainRequest
{
    public required RunSpec Spec { get; init; }

    /// <summary>Folder or file to train on; null = the spec names a generated dataset.</summary>
    public string? Data { get; init; }

    /// <summary>0 = one per processor.</summary>
    public int Threads { get; init; }

    public string? Backend { get; init; }

    /// <summary>Where checkpoints go: when the spec says, when interrupted and at the end.</summary>
    public string? CheckpointPath { get; init; }

    /// <summary>A checkpoint to go on from.</summary>
    public string? ResumePath { get; init; }

    public string? ModelPath { get; init; }

    /// <summary>How ranks are started that are processes.</summary>
    public MpiSettings Mpi { get; init; } = new();
}
