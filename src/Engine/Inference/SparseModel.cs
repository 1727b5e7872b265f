using SparseService.Engine.Data;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;

namespace SparseService.Engine.Inference;

/// <summary>A trained sparse network that predicts. Safe to use from several threads at once; they take turns.</summary>
public sealed class SparseModel : IDisposable
{
    private const int LargestBatch = 128;
    private const long ComfortableBytes = 64 << 20;

    private readonly Lock turn = new();
    private readonly Backend backend;
    private readonly TrainingOptions options;
    private readonly ModelDescription description;
    private readonly (CsrMatrix Weights, float[] Bias, Activation Activation)[] layers;
    private readonly int batchSize;

    // Layers with an even index, the input first, and layers with an odd one: a layer's output is needed by the next one only.
    private readonly DeviceBuffer<float>[] activations;
    private bool isDisposed;

    private SparseModel(
        Backend backend,
        TrainingOptions options,
        ModelDescription description,
        (CsrMatrix Weights, float[] Bias, Activation Activation)[] layers)
    {
        this.backend = backend;
        this.options = options;
        this.description = description;
        this.layers = layers;
        long[] widest = [Widest(0), Widest(1)];
        var room = Math.Max(ComfortableBytes, layers.Sum(layer => layer.Weights.Nnz) * sizeof(float)) / sizeof(float);
        batchSize = (int)Math.Clamp(room / widest.Sum(), 1, LargestBatch);
        activations = Array.ConvertAll(widest, width => new DeviceBuffer<float>(width * batchSize));

        long Widest(int parity) => options.Network.Layers.Where((_, index) => index % 2 == parity).Max();
    }

    public int Features => options.Network.Layers[0];

    /// <summary>Output neurons.</summary>
    public int Outputs => options.Network.Layers[^1];

    /// <summary>Names of the classes, empty for regression. With binary cross-entropy there are two for one output, the probability of the
    /// second.</summary>
    public IReadOnlyList<string> ClassNames => description.ClassNames;

    /// <summary>Shape of a row that is an image.</summary>
    public ImageShape? Image => description.Image;

    public long Nnz => layers.Sum(layer => layer.Weights.Nnz);

    /// <summary>Memory held: weights and buffers.</summary>
    public long Bytes =>
        layers.Sum(layer => (layer.Weights.Nnz * 8) + (layer.Weights.Rows * 12L))
        + activations.Sum(buffer => buffer.Length * sizeof(float));

    /// <summary>Reads a model or a checkpoint (safetensors, see docs/formats.md).</summary>
    /// <param name="backend">Stays the caller's; used by nobody else while the model predicts.</param>
    /// <exception cref="InvalidDataException">Damaged or hostile bytes; the message names tensor, value and what is allowed.</exception>
    public static SparseModel Load(Stream source, Backend backend)
    {
        // What only training needs of a checkpoint is passed over.
        using var file = Safetensors.Read(source, wanted: name => !name.Contains("State", StringComparison.Ordinal));
        var (metadata, tensors) = (file.Metadata, file.Tensors);
        var (options, description) = ModelFile.ReadDescription(metadata, tensors, ModelFile.Format, CheckpointFile.Format);
        var layers = Enumerable.Range(0, options.Network.Layers.Count - 1).Select(layer =>
        {
            var (weights, bias) = LayerTensors.Read(tensors, layer, options.Network.Layers[layer + 1], options.Network.Layers[layer]);
            return (weights, bias, SparseLayer.ActivationOf(options.Network, layer));
        }).ToArray();
        return new SparseModel(backend, options, description, layers);
    }

    /// <summary>Predicts raw (not normalised) rows.</summary>
    /// <param name="rows">[sample, feature], row-major; length = count·<see cref="Features"/>.</param>
    /// <param name="outputs">[sample, output], row-major: probabilities (classification) or values (regression).</param>
    /// <exception cref="ArgumentException">The lengths do not fit each other.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed before its turn came.</exception>
    public void Predict(ReadOnlySpan<float> rows, Span<float> outputs)
    {
        var count = rows.Length / Features;
        if (count * Features != rows.Length || outputs.Length != count * Outputs)
        {
            throw new ArgumentException(
                $"rows has {rows.Length} and outputs {outputs.Length} numbers; allowed: a multiple of {Features} features,"
                + $" and {Outputs} outputs for each",
                nameof(rows));
        }

        lock (turn)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            for (var start = 0; start < count; start += batchSize)
            {
                var samples = Math.Min(batchSize, count - start);
                PredictBatch(rows.Slice(start * Features, samples * Features), outputs.Slice(start * Outputs, samples * Outputs), samples);
            }
        }
    }

    /// <summary>Frees the memory once a prediction that is under way has ended.</summary>
    public void Dispose()
    {
        lock (turn)
        {
            isDisposed = true;
            foreach (var buffer in activations)
            {
                buffer.Dispose();
            }

            foreach (var layer in layers)
            {
                layer.Weights.Dispose();
            }
        }
    }

    private void PredictBatch(ReadOnlySpan<float> rows, Span<float> outputs, int samples)
    {
        for (var feature = 0; feature < Features; feature++)
        {
            var x = activations[0].Row(feature, samples);
            for (var sample = 0; sample < samples; sample++)
            {
                x[sample] = (rows[(sample * Features) + feature] - description.Shift[feature]) * description.Scale[feature];
            }
        }

        for (var l = 0; l < layers.Length; l++)
        {
            backend.SparseForward(
                layers[l].Weights,
                layers[l].Bias,
                activations[l % 2],
                activations[(l + 1) % 2],
                samples,
                layers[l].Activation);
        }

        var logits = activations[layers.Length % 2];
        backend.Probabilities(options.Loss, logits, Outputs, samples);
        for (var output = 0; output < Outputs; output++)
        {
            var y = logits.Row(output, samples);
            for (var sample = 0; sample < samples; sample++)
            {
                outputs[(sample * Outputs) + output] = y[sample];
            }
        }
    }
}
