using SparseService.Engine.Data;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Training;

/// <summary>Samples and labels of one minibatch, and the loss that logits have on them.</summary>
/// <param name="most">Samples of the largest minibatch.</param>
internal sealed class Minibatch(TrainingOptions options, ModelDescription description, SampleStore data, Backend backend, int most) : IDisposable
{
    private readonly int[] classes = new int[most];
    private readonly float[] targets = new float[PaddedBatch.Of(most)];

    /// <summary>[feature, sample]: bytes where the data and the backend have them, else numbers.</summary>
    public LayerInput Input { get; } =
        data.Element == SampleElement.Byte && backend.ReadsBytes(data.Features, PaddedBatch.Of(options.BatchSize))
            ? new ByteInput(description.Shift, description.Scale, PaddedBatch.Of(most))
            : new DeviceBuffer<float>((long)data.Features * PaddedBatch.Of(most));

    /// <summary>Gathers samples and labels, padded to <see cref="PaddedBatch"/>.</summary>
    public void Load(ReadOnlySpan<int> rows)
    {
        var batchSize = PaddedBatch.Of(rows.Length);
        if (Input.Bytes is { } bytes)
        {
            backend.Gather(data, rows, bytes, batchSize);
        }
        else
        {
            backend.Gather(data, rows, description.Shift, description.Scale, Input.Floats, batchSize);
        }

        for (var sample = 0; sample < rows.Length; sample++)
        {
            if (data.Classes > 0)
            {
                classes[sample] = data.ClassOf(rows[sample]);
            }
            else
            {
                targets[sample] = data.TargetOf(rows[sample]);
            }
        }
    }

    /// <summary>Loss of the loaded minibatch.</summary>
    /// <param name="dLogits">Receives dLoss/dz of the output layer; may be the logits themselves.</param>
    public LossResult Loss(DeviceBuffer<float> logits, DeviceBuffer<float> dLogits, int samples)
    {
        var batchSize = PaddedBatch.Of(samples);
        var (outputs, padding) = (options.Network.Layers[^1], batchSize - samples);
        return options.Loss == LossKind.SquaredError
            ? backend.Loss(options.Loss, logits, [], targets.AsSpan(0, batchSize), dLogits, outputs, batchSize, padding)
            : backend.Loss(options.Loss, logits, classes.AsSpan(0, samples), [], dLogits, outputs, batchSize, padding);
    }

    public void Dispose() => Input.Buffer.Dispose();
}
