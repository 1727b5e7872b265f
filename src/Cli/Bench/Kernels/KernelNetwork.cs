using SparseService.Engine;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Kernels;

/// <summary>A network with everything that its kernels compute on for one minibatch of random numbers.</summary>
internal sealed class KernelNetwork : IDisposable
{
    private readonly Backend backend;
    private readonly int stored;
    private readonly CsrMatrix[] weights;
    private readonly TransposeIndex[] transposes;
    private readonly float[][] biases;
    private readonly DeviceBuffer<float>[] states;
    private readonly DeviceBuffer<float>[] firstWeights;
    private readonly Activation[] activationKinds;
    private readonly LayerInput input;
    private readonly DeviceBuffer<float>[] outputs;
    private readonly DeviceBuffer<float>[] slopes;
    private readonly DeviceBuffer<float>[] deltas;
    private readonly Dropout dropout;
    private readonly OptimizerStep step;

    public KernelNetwork(TrainingOptions options, int batch, Backend backend)
    {
        this.backend = backend;
        Batch = batch;
        stored = PaddedBatch.Of(batch);
        Widths = options.Network.Layers;
        var layers = Enumerable.Range(0, Widths.Count - 1).ToArray();
        weights = Array.ConvertAll(layers, layer => TopologyGenerator.Layer(options.Network, layer, options.Seed));
        transposes = Array.ConvertAll(weights, TransposeIndex.Of);
        biases = Array.ConvertAll(weights, w => new float[w.Rows]);
        states = Array.ConvertAll(weights, w => new DeviceBuffer<float>(new float[w.Nnz]));
        firstWeights = Array.ConvertAll(weights, w => new DeviceBuffer<float>(w.Values.Span));
        activationKinds = Array.ConvertAll(layers, layer => Activation.ForHiddenLayer(options.Network.Activation, layer + 1));
        input = backend.ReadsBytes(Widths[0], stored) ? RandomImages(Widths[0], stored) : RandomBuffer(Widths[0], batch, stored);
        outputs = [.. Widths.Skip(1).Select(width => RandomBuffer(width, batch, stored))];
        slopes = [.. Widths.Skip(1).Select(width => RandomBuffer(width, batch, stored))];
        deltas = [.. Widths.Select(width => RandomBuffer(width, batch, stored))];
        dropout = new Dropout((float)options.Dropout, Key: 1);

        // A tiny rate: thousands of steps on the same minibatch must not run away.
        step = OptimizerStep.From(options.Optimizer, learningRate: 1e-6, step: 1);
    }

    public int Batch { get; }

    public IReadOnlyList<int> Widths { get; }

    public int Layers => weights.Length;

    public long Nnz(int layer) => weights[layer].Nnz;

    /// <summary>Input and output neurons with at least one connection.</summary>
    public (int Inputs, int Outputs) Connected(int layer) => (
        Enumerable.Range(0, weights[layer].Columns).Count(column => transposes[layer].FanOut(column) > 0),
        Enumerable.Range(0, weights[layer].Rows).Count(row => weights[layer].FanIn(row) > 0));

    /// <summary>Whether the layer's input is bytes, as in training.</summary>
    public bool ReadsBytes(int layer) => InputOf(layer).Bytes is not null;

    public void Forward(int layer) =>
        backend.SparseForward(weights[layer], biases[layer], InputOf(layer), outputs[layer], stored, activationKinds[layer]);

    public void TrainingForward(int layer) => backend.SparseForward(
        weights[layer], biases[layer], InputOf(layer), outputs[layer], slopes[layer], stored, activationKinds[layer], dropout);

    /// <param name="layer">Above 0: nothing below the first layer asks for a gradient.</param>
    public void InputGradient(int layer) => backend.SparseInputGradient(
        weights[layer], transposes[layer], deltas[layer + 1], slopes[layer - 1], deltas[layer], stored);

    /// <summary>Input gradient and weight update as training does them.</summary>
    /// <param name="layer">Above 0.</param>
    public void Backward(int layer) => backend.SparseBackward(
        weights[layer], transposes[layer], outputs[layer - 1], deltas[layer + 1], slopes[layer - 1], deltas[layer], states[layer], null,
        stored, step, stored - Batch);

    public void Update(int layer) => backend.SparseWeightUpdate(
        weights[layer], InputOf(layer), deltas[layer + 1], states[layer], null, stored, step, stored - Batch);

    /// <summary>Back to the first weights and no momentum, so that no round computes on what thousands of updates on the same minibatch
    /// have left: numbers that ran away or that shrank until they are slow to compute with.</summary>
    public void Reset(int layer)
    {
        firstWeights[layer].Span.CopyTo(weights[layer].Values.Span);
        states[layer].Clear();
    }

    public void Dispose()
    {
        input.Buffer.Dispose();
        foreach (var buffer in outputs.Concat(slopes).Concat(deltas).Concat(states).Concat(firstWeights))
        {
            buffer.Dispose();
        }

        foreach (var index in transposes)
        {
            index.Dispose();
        }

        foreach (var matrix in weights)
        {
            matrix.Dispose();
        }
    }

    private LayerInput InputOf(int layer) => layer == 0 ? input : outputs[layer - 1];

    private static ByteInput RandomImages(int features, int stored)
    {
        var (shift, scale) = (new float[features], new float[features]);
        Array.Fill(shift, 127.5f);
        Array.Fill(scale, 1 / 74f);
        var images = new ByteInput(shift, scale, stored);
        var random = RandomStream.For(1, RandomPurpose.GeneratedData);
        foreach (ref var value in images.Raw.Span)
        {
            value = (byte)random.NextBelow(256);
        }

        return images;
    }

    // As the trainer stores it: samples that only fill up the registers are 0.
    private static DeviceBuffer<float> RandomBuffer(int neurons, int batch, int stored)
    {
        var buffer = new DeviceBuffer<float>((long)neurons * stored);
        buffer.Clear();
        var random = RandomStream.For(1, RandomPurpose.GeneratedData, layer: buffer.Length);
        for (var neuron = 0; neuron < neurons; neuron++)
        {
            foreach (ref var value in buffer.Row(neuron, stored)[..batch])
            {
                value = (float)random.NextDouble(-1, 1);
            }
        }

        return buffer;
    }
}
