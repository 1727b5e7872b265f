namespace SparseService.Engine.Training;

/// <summary>A training that goes on epoch by epoch, on one worker or on many.</summary>
/// <remarks>One caller at a time.</remarks>
public interface ITraining : IDisposable
{
    /// <summary>As stored in the checkpoint or given at the start.</summary>
    TrainingOptions Options { get; }

    /// <summary>Epochs finished.</summary>
    int EpochsDone { get; }

    /// <summary>Optimizer updates done, also inside an unfinished epoch.</summary>
    long Step { get; }

    /// <summary>Optimizer updates of a whole epoch.</summary>
    int StepsPerEpoch { get; }

    /// <summary>True after the last epoch.</summary>
    bool IsFinished { get; }

    /// <summary>Stored connections now.</summary>
    long Nnz { get; }

    /// <summary>Connections of the dense twin, biases not counted.</summary>
    long DenseParameters { get; }

    /// <summary>Trains to the end of the current epoch, tests, prunes, evolves.</summary>
    /// <param name="onStep">Called on the calling thread after optimizer updates; must be quick.</param>
    /// <param name="cancellationToken">Looked at between optimizer updates.</param>
    /// <exception cref="OperationCanceledException">
    /// Cancelled between two updates: the state is whole, <see cref="WriteCheckpoint"/> works, and a resumed training goes on in mid-epoch.
    /// </exception>
    /// <exception cref="TrainingDivergedException">A loss or gradient is not finite.</exception>
    EpochResult TrainEpoch(Action<StepResult>? onStep = null, CancellationToken cancellationToken = default);

    /// <summary>Writes everything that the future depends on, as safetensors (docs/formats.md).</summary>
    void WriteCheckpoint(Stream destination);

    /// <summary>Writes what prediction needs, as safetensors with CSR arrays: no optimizer state.</summary>
    void WriteModel(Stream destination);
}
