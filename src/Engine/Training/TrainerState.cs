namespace SparseService.Engine.Training;

/// <summary>Everything that the future of a training depends on, besides data and options.</summary>
internal sealed class TrainerState
{
    public required TrainingOptions Options { get; init; }

    public required SparseNetwork Network { get; set; }

    /// <summary>What the network was trained on.</summary>
    public required ModelDescription Description { get; init; }

    /// <summary>Epochs finished.</summary>
    public int EpochsDone { get; set; }

    /// <summary>Optimizer updates since the start.</summary>
    public long Step { get; set; }

    /// <summary>Updates done in the unfinished epoch: the position in the data order, which is itself a function of (seed, epoch).</summary>
    public int StepInEpoch { get; set; }

    public required EpochSums Sums { get; init; }

    /// <summary>Of fixed-point sums.</summary>
    public required SumScales Scales { get; init; }

    /// <summary>NaN before the first test.</summary>
    public double BestTestAccuracy { get; set; } = double.NaN;

    /// <summary>What several workers need besides; null in sequential training.</summary>
    public WorkersState? Workers { get; set; }

    public void SeeAccuracy(double? tested) =>
        BestTestAccuracy = tested is { } accuracy && !(accuracy <= BestTestAccuracy) ? accuracy : BestTestAccuracy;

    /// <summary>Refuses another number of workers than the checkpoint's where only as many can go on.</summary>
    /// <exception cref="InvalidSpecException">Names what is allowed.</exception>
    public void RequireWorkers(int workers)
    {
        if (Workers is { } before && before.Count != workers && (before.IsLocal || StepInEpoch > 0))
        {
            var where = before.IsLocal ? "workers trained for themselves (phase 2)" : "an epoch was not done";
            throw new InvalidSpecException(
                [new SpecFault("$.training.parallel.workers", $"{workers}", $"{before.Count} as in the checkpoint, which was written while {where}")]);
        }
    }
}
