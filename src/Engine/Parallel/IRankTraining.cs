using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel;

/// <summary>One rank's part of a parallel training. All ranks call the same methods in the same order; rank 0 reports.</summary>
internal interface IRankTraining : IDisposable
{
    TrainingOptions Options { get; }

    int EpochsDone { get; }

    long Step { get; }

    int StepsPerEpoch { get; }

    bool IsFinished { get; }

    /// <summary>Of the whole network.</summary>
    long Nnz { get; }

    /// <summary>Of the whole network.</summary>
    long DenseParameters { get; }

    /// <summary>Trains an epoch together.</summary>
    /// <param name="onStep">On rank 0.</param>
    /// <param name="cancellationToken">
    /// Rank 0's counts: the ranks agree on the step at which they stop, and all of them throw <see cref="OperationCanceledException"/> there.
    /// </param>
    /// <returns>The epoch on rank 0, null on the others.</returns>
    EpochResult? TrainEpoch(Action<StepResult>? onStep, CancellationToken cancellationToken);

    /// <param name="destination">Null on all ranks but 0.</param>
    void WriteCheckpoint(Stream? destination);

    /// <param name="destination">Null on all ranks but 0.</param>
    void WriteModel(Stream? destination);
}
