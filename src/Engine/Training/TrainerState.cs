namespace SparseService.Engine.Training;

/// <summary>Everything that the future of a training depends on, besides data and options.</summary>
internal sealed class TrainerState
{
    public required TrainingOptions Options { get; init; }

    public required SparseNetwork Network { get; init; }

    /// <summary>What the network was trained on.</summary>
    public required ModelDescription Description { get; init; }

    /// <summary>Epochs finished.</summary>
    public int EpochsDone { get; set; }

    /// <summary>Optimizer updates since the start.</summary>
    public long Step { get; set; }

    /// <summary>Updates done in the unfinished epoch: the position in the data order, which is itself a function of (seed, epoch).</summary>
    public int StepInEpoch { get; set; }

    public required EpochSums Sums { get; init; }

    /// <summary>NaN before the first test.</summary>
    public double BestTestAccuracy { get; set; } = double.NaN;
}
