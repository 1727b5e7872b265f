using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Averaged;
using SparseService.Engine.Parallel.Partitioned;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>Opens one rank's part of a training, by its method.</summary>
internal static class RankTrainings
{
    /// <summary>Collective.</summary>
    /// <param name="checkpoint">To go on from, on every rank a stream of its own; null for fresh weights.</param>
    /// <param name="overrides">As in <see cref="Trainer.Resume"/>.</param>
    /// <exception cref="InvalidSpecException">The options cannot work, or do not fit the data.</exception>
    public static IRankTraining Open(
        ICommunicator communicator, TrainingOptions options, SampleStore data, Backend backend, Stream? checkpoint, TrainingOptions? overrides) =>
        (overrides ?? options).Parallel?.Method switch
        {
            ParallelMethod.Wasap or ParallelMethod.Wassp => AveragedTraining.Open(communicator, options, data, backend, checkpoint, overrides),
            ParallelMethod.Partitioned => checkpoint is null
                ? PartitionedTraining.Create(communicator, options, data, backend)
                : PartitionedTraining.Resume(communicator, checkpoint, data, backend, overrides),
            _ => throw new ArgumentException("Options of a sequential training; allowed: those with a parallel method", nameof(options)),
        };
}
