using SparseService.Engine.Training;

namespace SparseService.Jobs.Training;

/// <summary>Everything that becomes of one epoch, ready to be written; ids are drawn once, so that a repeated write is recognised.</summary>
internal sealed record EpochRecord : IDisposable
{
    public required EpochResult Result { get; init; }

    /// <summary>Resident memory of the worker's process, other runs and the datasets' pages that it touched included.</summary>
    public long WorkerBytes { get; init; }

    public CheckpointDraft? Checkpoint { get; init; }

    public ModelDraft? Model { get; init; }

    public void Dispose()
    {
        Checkpoint?.Bytes.Dispose();
        Model?.Bytes.Dispose();
    }
}

internal sealed record CheckpointDraft(Guid Id, int Epoch, long Step, long Nnz, double? TestLoss, double? TestAccuracy, Stream Bytes);

internal sealed record ModelDraft(Guid Id, long Nnz, long DenseParameters, long DenseBytes, int Features, int Outputs, IReadOnlyList<string> ClassNames, Stream Bytes);
