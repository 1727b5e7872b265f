using SparseService.Engine.Data;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Training;

/// <summary>Trains one sparse network, epoch by epoch.</summary>
public sealed class Trainer : IDisposable
{
    /// <summary>Starts from freshly drawn connections and weights.</summary>
    /// <param name="data">Stays the caller's; must outlive the trainer.</param>
    /// <param name="backend">Stays the caller's.</param>
    /// <exception cref="InvalidSpecException">The options cannot work, or do not fit the data.</exception>
    public static Trainer Create(TrainingOptions options, SampleStore data, Backend backend) => throw new NotSupportedException();

    /// <summary>Continues from a checkpoint, bit-equal to a training that was never stopped (on a CPU backend).</summary>
    /// <param name="options">Null continues with the options of the checkpoint. A fork may change them in all but network, seed, batch size and data.</param>
    /// <exception cref="InvalidDataException">The checkpoint is damaged or belongs to other data.</exception>
    /// <exception cref="InvalidSpecException">The options do not fit the checkpoint.</exception>
    public static Trainer Resume(Stream checkpoint, SampleStore data, Backend backend, TrainingOptions? options = null) => throw new NotSupportedException();

    /// <summary>As stored in the checkpoint or given to Create.</summary>
    public TrainingOptions Options => throw new NotSupportedException();

    /// <summary>Epochs finished.</summary>
    public int EpochsDone => throw new NotSupportedException();

    /// <summary>Optimizer updates done, also inside an unfinished epoch.</summary>
    public long Step => throw new NotSupportedException();

    /// <summary>Stored connections now.</summary>
    public long Nnz => throw new NotSupportedException();

    /// <summary>True after the last epoch.</summary>
    public bool IsFinished => throw new NotSupportedException();

    /// <summary>Trains to the end of the current epoch, tests, prunes, evolves.</summary>
    /// <param name="onStep">Called on the calling thread after every optimizer update; must be quick.</param>
    /// <param name="cancellationToken">Looked at between optimizer updates.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two updates: the state is whole, <see cref="WriteCheckpoint"/> works, and a resumed trainer goes on in mid-epoch.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    public EpochResult TrainEpoch(Action<StepResult>? onStep = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Writes everything that the future depends on, as safetensors.</summary>
    public void WriteCheckpoint(Stream destination) => throw new NotSupportedException();

    /// <summary>Writes what prediction needs, as safetensors with CSR arrays: no optimizer state.</summary>
    public void WriteModel(Stream destination) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
