using System.Numerics.Tensors;
using SparseService.Engine;
using SparseService.Engine.Kernels;

namespace SparseService.Cli.Bench.Dense;

/// <summary>
/// The network that a sparse one is measured against: every connection exists. ReLU, softmax cross-entropy, SGD with momentum, one thread;
/// weights [input, output], activations [sample, neuron].
/// </summary>
internal sealed unsafe class DenseTwin : IDisposable
{
    private const float Momentum = 0.9f;

    private readonly IReadOnlyList<int> layers;
    private readonly int batch;
    private readonly float rate;
    private readonly DenseProduct product;
    private readonly DeviceBuffer<float>[] weights;
    private readonly DeviceBuffer<float>[] states;
    private readonly float[][] biases;
    private readonly float[][] biasStates;
    private readonly DeviceBuffer<float>[] activations;
    private readonly DeviceBuffer<float>[] deltas;

    public DenseTwin(IReadOnlyList<int> layers, int batch, float rate)
    {
        this.layers = layers;
        this.batch = batch;
        this.rate = rate;
        product = new DenseProduct(Math.Max(batch, layers.Max()), batch);
        var all = Enumerable.Range(0, layers.Count - 1).ToArray();
        weights = Array.ConvertAll(all, l => Random((long)layers[l] * layers[l + 1], Math.Sqrt(6.0 / layers[l]), l));
        states = Array.ConvertAll(all, l => new DeviceBuffer<float>((long)layers[l] * layers[l + 1]));
        Array.ForEach(states, state => state.Clear());
        biases = Array.ConvertAll(all, l => new float[layers[l + 1]]);
        biasStates = Array.ConvertAll(all, l => new float[layers[l + 1]]);
        activations = [.. layers.Select((width, l) => Random((long)width * batch, 1, -1 - l))];
        deltas = [.. layers.Select(width => new DeviceBuffer<float>((long)width * batch))];
        Labels = [.. Enumerable.Range(0, batch).Select(sample => sample % layers[^1])];
    }

    /// <summary>Class of each sample of the minibatch.</summary>
    public int[] Labels { get; }

    /// <summary>The minibatch, [sample, feature].</summary>
    public Span<float> Inputs => activations[0].Span;

    /// <summary>Bytes of weights, momentum, activations and deltas.</summary>
    public static long BytesOf(IReadOnlyList<int> layers, int batch) =>
        (8 * layers.Zip(layers.Skip(1), (inputs, outputs) => (long)inputs * outputs).Sum())
        + (8 * batch * layers.Sum(width => (long)width));

    /// <summary>One optimizer update on the minibatch.</summary>
    /// <returns>Mean loss before it.</returns>
    public double Step()
    {
        for (var l = 0; l < weights.Length; l++)
        {
            product.Multiply(Activations(l), Weights(l), new SumSink(activations[l + 1].Pointer, layers[l + 1]));
            AddBias(activations[l + 1].Span, biases[l], isHidden: l < weights.Length - 1);
        }

        var loss = SoftmaxGradient();
        for (var l = weights.Length - 1; l >= 0; l--)
        {
            var delta = DenseView.Of(deltas[l + 1], batch, layers[l + 1]);
            if (l > 0)
            {
                product.Multiply(delta, Weights(l).Transposed, new SumSink(deltas[l].Pointer, layers[l]));
                ReluGradient(deltas[l].Span, activations[l].Span);
            }

            product.Multiply(
                Activations(l).Transposed, delta,
                new MomentumSink(weights[l].Pointer, states[l].Pointer, layers[l + 1], Momentum, rate / batch));
            UpdateBias(deltas[l + 1].Span, biases[l], biasStates[l]);
        }

        return loss;
    }

    public void Dispose()
    {
        product.Dispose();
        foreach (var buffer in weights.Concat(states).Concat(activations).Concat(deltas))
        {
            buffer.Dispose();
        }
    }

    private DenseView Weights(int layer) => DenseView.Of(weights[layer], layers[layer], layers[layer + 1]);

    private DenseView Activations(int layer) => DenseView.Of(activations[layer], batch, layers[layer]);

    private static void AddBias(Span<float> z, float[] bias, bool isHidden)
    {
        for (; !z.IsEmpty; z = z[bias.Length..])
        {
            for (var neuron = 0; neuron < bias.Length; neuron++)
            {
                var value = z[neuron] + bias[neuron];
                z[neuron] = isHidden ? Math.Max(0, value) : value;
            }
        }
    }

    private static void ReluGradient(Span<float> delta, Span<float> activation)
    {
        for (var at = 0; at < delta.Length; at++)
        {
            delta[at] = activation[at] > 0 ? delta[at] : 0;
        }
    }

    private double SoftmaxGradient()
    {
        var classes = layers[^1];
        var loss = 0.0;
        for (var sample = 0; sample < batch; sample++)
        {
            var logits = activations[^1].Span.Slice(sample * classes, classes);
            var delta = deltas[^1].Span.Slice(sample * classes, classes);
            var most = TensorPrimitives.Max<float>(logits);
            var sum = 0.0;
            foreach (var logit in logits)
            {
                sum += Math.Exp(logit - most);
            }

            for (var c = 0; c < classes; c++)
            {
                delta[c] = (float)(Math.Exp(logits[c] - most) / sum) - (c == Labels[sample] ? 1 : 0);
            }

            loss += Math.Log(sum) + most - logits[Labels[sample]];
        }

        return loss / batch;
    }

    private void UpdateBias(ReadOnlySpan<float> delta, float[] bias, float[] state)
    {
        TensorPrimitives.Multiply(state, Momentum, state);
        for (; !delta.IsEmpty; delta = delta[bias.Length..])
        {
            TensorPrimitives.MultiplyAdd(delta[..bias.Length], -rate / batch, state, state);
        }

        TensorPrimitives.Add<float>(bias, state, bias);
    }

    private static DeviceBuffer<float> Random(long length, double limit, int key)
    {
        var buffer = new DeviceBuffer<float>(length);
        var random = RandomStream.For(1, RandomPurpose.GeneratedData, layer: key);
        for (var at = 0L; at < length; at++)
        {
            buffer.Pointer[at] = (float)random.NextDouble(-limit, limit);
        }

        return buffer;
    }
}
