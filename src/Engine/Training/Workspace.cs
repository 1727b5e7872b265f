using SparseService.Engine.Kernels;

namespace SparseService.Engine.Training;

/// <summary>Outputs, slopes and deltas of one minibatch, feature-major. O(neurons·batch), allocated once.</summary>
internal sealed class Workspace : IDisposable
{
    private const long ComfortableBytes = 64 << 20;

    /// <param name="layers">Width of every layer, input first.</param>
    public Workspace(IReadOnlyList<int> layers, int batchSize)
    {
        TestBatchSize = TestBatchSizeOf(layers, batchSize);
        var widestBatch = PaddedBatch.Of(TestBatchSize);
        batchSize = PaddedBatch.Of(batchSize);
        Outputs = layers.Skip(1).Select(width => new DeviceBuffer<float>((long)width * widestBatch)).ToArray();
        Slopes = layers.Skip(1).Take(layers.Count - 2).Select(width => new DeviceBuffer<float>((long)width * batchSize)).ToArray();
        var widest = layers.Skip(1).Max();
        Delta = new DeviceBuffer<float>((long)widest * batchSize);
        NextDelta = new DeviceBuffer<float>((long)widest * batchSize);
    }

    public int TestBatchSize { get; }

    /// <summary>[layer][neuron, sample]; the last one holds logits.</summary>
    public DeviceBuffer<float>[] Outputs { get; }

    /// <summary>[hidden layer][neuron, sample]: f'(z)·dropout.</summary>
    public DeviceBuffer<float>[] Slopes { get; }

    /// <summary>dLoss/dz of the layer at hand.</summary>
    public DeviceBuffer<float> Delta { get; private set; }

    /// <summary>dLoss/dz of the layer before it.</summary>
    public DeviceBuffer<float> NextDelta { get; private set; }

    /// <summary>Tests go faster in batches that fill the kernels' registers, as long as they cost little memory.</summary>
    public static int TestBatchSizeOf(IReadOnlyList<int> layers, int batchSize) =>
        Math.Max(batchSize, (int)Math.Min(128, ComfortableBytes / sizeof(float) / layers.Sum(width => (long)width)));

    /// <summary>Bytes of the buffers that a workspace and its <see cref="Minibatch"/> allocate, with inputs as floats: at most.</summary>
    public static long BytesOf(IReadOnlyList<int> layers, int batchSize)
    {
        var neurons = layers.Sum(width => (long)width);
        var widest = layers.Skip(1).Max();
        var slopes = neurons - layers[0] - layers[^1];
        return sizeof(float)
            * ((neurons * PaddedBatch.Of(TestBatchSizeOf(layers, batchSize))) + ((slopes + (2L * widest)) * PaddedBatch.Of(batchSize)));
    }

    public void SwapDeltas() => (Delta, NextDelta) = (NextDelta, Delta);

    public void Dispose()
    {
        foreach (var buffer in Outputs.Concat(Slopes).Append(Delta).Append(NextDelta))
        {
            buffer.Dispose();
        }
    }
}
