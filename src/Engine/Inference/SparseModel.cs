using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;

namespace SparseService.Engine.Inference;

/// <summary>A trained sparse network that predicts. Safe to use from several threads at once.</summary>
/// <remarks>The same rows in one call give the same bits, whoever else predicts meanwhile. A call of one row goes another way
/// (<see cref="SingleSample"/>), whose sums differ from those of many rows by rounding.</remarks>
public sealed class SparseModel : IDisposable
{
    private const int LargestBatch = 128;
    private const long ComfortableBytes = 64 << 20;

    private readonly object gate = new();
    private readonly Backend backend;
    private readonly TrainingOptions options;
    private readonly ModelDescription description;
    private readonly ModelLayer[] layers;
    private readonly int batchSize;
    private readonly long minibatchBytes;
    private readonly Pool<Minibatch> minibatches;
    private readonly Lazy<OneRow> single;
    private int predicting;
    private bool isDisposed;

    private SparseModel(Backend backend, TrainingOptions options, ModelDescription description, ModelLayer[] layers)
    {
        this.backend = backend;
        this.options = options;
        this.description = description;
        this.layers = layers;
        var (even, odd) = (Widest(0), Widest(1));
        var room = Math.Max(ComfortableBytes, Nnz * sizeof(float));
        batchSize = (int)Math.Clamp(room / sizeof(float) / (even + odd), 1, LargestBatch);
        minibatchBytes = (even + odd) * batchSize * sizeof(float);
        minibatches = new Pool<Minibatch>(
            () => new Minibatch(even, odd, batchSize), backend.TakesSeveralCallers ? Callers(minibatchBytes) : 1);
        single = new Lazy<OneRow>(() => new OneRow(new SingleSample(layers, description.Shift, description.Scale), Callers));

        // All scratch together stays within the room of one that is as large as it may be.
        int Callers(long bytes) => (int)Math.Clamp(room / bytes, 1, MostCallers);

        long Widest(int parity) => options.Network.Layers.Where((_, index) => index % 2 == parity).Max();
    }

    /// <summary>Who comes when so many predict waits for one of them.</summary>
    private static int MostCallers => 2 * Environment.ProcessorCount;

    public int Features => options.Network.Layers[0];

    /// <summary>Output neurons.</summary>
    public int Outputs => options.Network.Layers[^1];

    /// <summary>Names of the classes, empty for regression. With binary cross-entropy there are two for one output, the probability of the
    /// second.</summary>
    public IReadOnlyList<string> ClassNames => description.ClassNames;

    /// <summary>Shape of a row that is an image.</summary>
    public ImageShape? Image => description.Image;

    public long Nnz => layers.Sum(layer => layer.Weights.Nnz);

    /// <summary>Memory held: weights, and what predictions so far have needed beside them.</summary>
    public long Bytes =>
        layers.Sum(layer => (layer.Weights.Nnz * 8) + (layer.Weights.Rows * 12L))
        + (minibatches.Made * minibatchBytes)
        + (single.IsValueCreated ? single.Value.Bytes : 0);

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
            return new ModelLayer(weights, bias, SparseLayer.ActivationOf(options.Network, layer));
        }).ToArray();
        return new SparseModel(backend, options, description, layers);
    }

    /// <summary>Predicts raw (not normalised) rows.</summary>
    /// <param name="rows">[sample, feature], row-major; length = count·<see cref="Features"/>.</param>
    /// <param name="outputs">[sample, output], row-major: probabilities (classification) or values (regression).</param>
    /// <exception cref="ArgumentException">The lengths do not fit each other.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed before.</exception>
    public void Predict(ReadOnlySpan<float> rows, Span<float> outputs) => Predict(rows, outputs, mayBeSingle: true);

    /// <summary>The same for a part of a longer sequence of rows: a row's outputs do not depend, in no bit, on where it is cut.</summary>
    /// <inheritdoc cref="Predict(ReadOnlySpan{float}, Span{float})"/>
    public void PredictPart(ReadOnlySpan<float> rows, Span<float> outputs) => Predict(rows, outputs, mayBeSingle: false);

    /// <summary>Frees the memory once the predictions that are under way have ended.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (isDisposed)
            {
                return;
            }

            isDisposed = true;
            while (predicting > 0)
            {
                Monitor.Wait(gate);
            }
        }

        minibatches.Dispose();
        if (single.IsValueCreated)
        {
            single.Value.Dispose();
        }

        foreach (var layer in layers)
        {
            layer.Weights.Dispose();
        }
    }

    private void Predict(ReadOnlySpan<float> rows, Span<float> outputs, bool mayBeSingle)
    {
        var count = rows.Length / Features;
        if (count * Features != rows.Length || outputs.Length != count * Outputs)
        {
            throw new ArgumentException(
                $"rows has {rows.Length} and outputs {outputs.Length} numbers; allowed: a multiple of {Features} features,"
                + $" and {Outputs} outputs for each",
                nameof(rows));
        }

        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            predicting++;
        }

        try
        {
            if (count == 1 && mayBeSingle)
            {
                PredictSingle(rows, outputs);
            }
            else
            {
                PredictTogether(rows, outputs, count);
            }
        }
        finally
        {
            lock (gate)
            {
                predicting--;
                Monitor.PulseAll(gate);
            }
        }
    }

    private void PredictSingle(ReadOnlySpan<float> row, Span<float> outputs)
    {
        var (model, pool) = (single.Value.Model, single.Value.Scratches);
        var scratch = pool.Take();
        try
        {
            model.Predict(row, outputs, scratch, backend, options.Loss);
        }
        finally
        {
            pool.GiveBack(scratch);
        }
    }

    private void PredictTogether(ReadOnlySpan<float> rows, Span<float> outputs, int count)
    {
        var activations = minibatches.Take();
        try
        {
            for (var start = 0; start < count; start += batchSize)
            {
                var samples = Math.Min(batchSize, count - start);
                PredictBatch(
                    rows.Slice(start * Features, samples * Features), outputs.Slice(start * Outputs, samples * Outputs), samples, activations);
            }
        }
        finally
        {
            minibatches.GiveBack(activations);
        }
    }

    private void PredictBatch(ReadOnlySpan<float> rows, Span<float> outputs, int samples, Minibatch activations)
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
                activations[l],
                activations[l + 1],
                samples,
                layers[l].Activation);
        }

        var logits = activations[layers.Length];
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

    /// <summary>What calls of one row need; made for the first of them.</summary>
    private sealed class OneRow : IDisposable
    {
        private readonly long scratchBytes;

        public OneRow(SingleSample model, Func<long, int> callers)
        {
            Model = model;
            var first = model.NewScratch();
            scratchBytes = first.Bytes;
            Scratches = new Pool<SingleSample.Scratch>(model.NewScratch, callers(scratchBytes));
            first.Dispose();
        }

        public SingleSample Model { get; }

        public Pool<SingleSample.Scratch> Scratches { get; }

        public long Bytes => Model.Bytes + (Scratches.Made * scratchBytes);

        public void Dispose()
        {
            Scratches.Dispose();
            Model.Dispose();
        }
    }
}
