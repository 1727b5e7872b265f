using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>This rank's activations, slopes and deltas of one minibatch, feature-major. O(own and ghost neurons · batch).</summary>
internal sealed class RankWorkspace : IDisposable
{
    private readonly int batchSize;
    private readonly int widestBatch;

    public RankWorkspace(TrainingOptions options, IReadOnlyList<RankLayer> layers)
    {
        var widths = options.Network.Layers;
        TestBatchSize = Workspace.TestBatchSizeOf(widths, options.BatchSize);
        (batchSize, widestBatch) = (PaddedBatch.Of(options.BatchSize), PaddedBatch.Of(TestBatchSize));
        Logits = new DeviceBuffer<float>((long)widths[^1] * widestBatch);

        // One more behind the outputs, for what rank 0 says along with them.
        Outputs = layers.Select(layer => new DeviceBuffer<float>(((long)layer.Neurons.Own.Length * widestBatch) + 1)).ToArray();
        Slopes = layers.SkipLast(1).Select(layer => new DeviceBuffer<float>((long)layer.Neurons.Own.Length * batchSize)).ToArray();
        var widest = layers.Max(layer => layer.Neurons.Own.Length);
        Delta = new DeviceBuffer<float>((long)widest * batchSize);
        NextDelta = new DeviceBuffer<float>((long)widest * batchSize);
        Ghosts = layers.Select(_ => new DeviceBuffer<float>(0)).ToArray();
        GhostSums = layers.Select(_ => new DeviceBuffer<float>(0)).ToArray();
        Wires = layers.Select(_ => new DeviceBuffer<float>(0)).ToArray();
        LogitWire = new DeviceBuffer<float>(((long)(widths[^1] - layers[^1].Neurons.Own.Length) * widestBatch) + 1);
    }

    /// <summary>As in sequential training.</summary>
    public int TestBatchSize { get; }

    /// <summary>[layer][own neuron, sample]; those of the last layer are logits.</summary>
    public DeviceBuffer<float>[] Outputs { get; }

    /// <summary>[hidden layer][own neuron, sample]: f'(z)·dropout.</summary>
    public DeviceBuffer<float>[] Slopes { get; }

    /// <summary>[layer][ghost, sample]: what the layer reads of other ranks' neurons; kept for the weights' gradient.</summary>
    public DeviceBuffer<float>[] Ghosts { get; }

    /// <summary>[layer][ghost, sample]: this rank's part of their gradient.</summary>
    public DeviceBuffer<float>[] GhostSums { get; }

    /// <summary>[layer][place in <see cref="ExchangePlan.Sends"/>, sample]: values on their way out, then gradients that came in.</summary>
    public DeviceBuffer<float>[] Wires { get; }

    /// <summary>All logits, [output, sample].</summary>
    public DeviceBuffer<float> Logits { get; }

    /// <summary>Other ranks' logits as they come in, and a word of rank 0's.</summary>
    public DeviceBuffer<float> LogitWire { get; }

    /// <summary>dLoss/dz of own neurons of the layer at hand.</summary>
    public DeviceBuffer<float> Delta { get; private set; }

    /// <summary>dLoss/dz of own neurons of the layer before it.</summary>
    public DeviceBuffer<float> NextDelta { get; private set; }

    /// <summary>Makes room for what a layer exchanges by its present plan.</summary>
    public void PlanChanged(RankLayer layer)
    {
        if (layer.Plan is not { } plan)
        {
            return;
        }

        Grow(ref Ghosts[layer.Index], (long)plan.Ghosts.Length * widestBatch);
        Grow(ref GhostSums[layer.Index], (long)plan.Ghosts.Length * batchSize);
        Grow(ref Wires[layer.Index], (long)plan.Sends.Length * widestBatch);
    }

    public void SwapDeltas() => (Delta, NextDelta) = (NextDelta, Delta);

    public void Dispose()
    {
        foreach (var buffer in Outputs.Concat(Slopes).Concat(Ghosts).Concat(GhostSums).Concat(Wires))
        {
            buffer.Dispose();
        }

        Logits.Dispose();
        LogitWire.Dispose();
        Delta.Dispose();
        NextDelta.Dispose();
    }

    // An eighth more than needed: plans grow and shrink a little with every evolution.
    private static void Grow(ref DeviceBuffer<float> buffer, long length)
    {
        if (buffer.Length < length)
        {
            buffer.Dispose();
            buffer = new DeviceBuffer<float>(length + (length / 8));
        }
    }
}
