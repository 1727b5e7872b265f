using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Parallel.Averaged;

/// <summary>What <see cref="AveragedPrograms.Train"/> does, as a file that processes can read.</summary>
internal sealed record RankPlan
{
    public required TrainingOptions Options { get; init; }

    /// <summary>Rank 0 cancels once the step counter is here; the ranks then write a checkpoint and end.</summary>
    public long? StopAt { get; init; }

    /// <summary>Ends with a checkpoint when so many epochs are done.</summary>
    public int? StopAfterEpochs { get; init; }

    /// <summary>Goes on from the folder's checkpoint.</summary>
    public bool Resumes { get; init; }

    /// <summary>Gives every rank but 0 another seed, as if it drew another model.</summary>
    public bool OtherSeeds { get; init; }
}
