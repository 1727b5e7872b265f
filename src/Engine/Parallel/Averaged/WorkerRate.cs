using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>
/// The learning rate of averaged training: the schedule's, and in synchronous steps (WASSP, whose gradient is a mean over K minibatches) times
/// 1 + (K − 1)·e/warmup, e = epochs done but at most warmup. Local training is of single minibatches again, at the schedule's rate.
/// </summary>
internal static class WorkerRate
{
    /// <param name="epoch">From 1.</param>
    /// <param name="isLocal">Whether the epoch is one of phase 2.</param>
    public static double At(TrainingOptions options, int epoch, bool isLocal) => LearningRate.At(options, epoch) * (isLocal ? 1 : Factor(options, epoch));

    /// <summary>Momentum correction: what the velocity is multiplied by, besides μ, in the first step of the epoch. The velocity holds the rate of
    /// the steps that made it; the schedule's own changes are not corrected for, as in sequential training.</summary>
    /// <param name="isLocal">Whether the epoch is the first one of phase 2.</param>
    public static double Correction(TrainingOptions options, int epoch, bool isLocal)
    {
        var before = epoch == 1 ? Factor(options, 1) : Factor(options, epoch - 1);
        return (isLocal ? 1 : Factor(options, epoch)) / before;
    }

    private static double Factor(TrainingOptions options, int epoch)
    {
        var parallel = options.Parallel!;
        if (parallel.Method != ParallelMethod.Wassp)
        {
            return 1;
        }

        var share = parallel.WarmupEpochs == 0 ? 1 : Math.Min(1.0, (double)(epoch - 1) / parallel.WarmupEpochs);
        return 1 + ((parallel.Workers - 1) * share);
    }
}
