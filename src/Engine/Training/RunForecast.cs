using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Training;

/// <summary>What a spec will cost, known before it is trained: <c>POST /v1/topologies/preview</c>.</summary>
public sealed record RunForecast
{
    // Connections and neurons above which a preview takes the expectation: drawing a topology costs about 20 ns each.
    private const double LargestDrawn = 5_000_000;
    private const int Bins = 20;

    public required IReadOnlyList<LayerForecast> Layers { get; init; }

    public required long Nnz { get; init; }

    /// <summary>Connections of the dense twin, biases not counted.</summary>
    public required double DenseParameters { get; init; }

    public required double Density { get; init; }

    /// <summary>Bytes of the stored model: values, indices, offsets, biases.</summary>
    public required long ModelBytes { get; init; }

    /// <summary>Bytes of the dense float32 twin with its biases.</summary>
    public required double DenseModelBytes { get; init; }

    /// <summary>Bytes of the trainer, with several workers of all of them: model, transpose index, optimizer state, activations and what flows back.
    /// Evolution and checkpoints need some MiB more for a moment, the average of several workers about as much as one of them.</summary>
    public required long TrainingBytes { get; init; }

    /// <summary>Bytes that the dense float32 twin's weights, optimizer state and activations would take.</summary>
    public required double DenseTrainingBytes { get; init; }

    /// <summary>Floating point operations of one epoch over <c>trainRows</c> rows; null when the row count is not known.</summary>
    public double? FlopsPerEpoch { get; init; }

    /// <summary>The same of the dense twin; null when the row count is not known.</summary>
    public double? DenseFlopsPerEpoch { get; init; }

    /// <summary>At the rate of <see cref="AssumedFlopsPerSecond"/>; null when the row count is not known.</summary>
    public double? SecondsPerEpoch { get; init; }

    public required double AssumedFlopsPerSecond { get; init; }

    /// <summary>With several workers; null for one.</summary>
    public ParallelForecast? Parallel { get; init; }

    /// <summary>What a run of this spec would be refused for, though its topology is well defined; empty when nothing.</summary>
    public IReadOnlyList<SpecFault> Warnings { get; init; } = [];

    /// <summary>Computes the forecast. Draws the real topology when it is small enough, takes the expectation otherwise; never
    /// O(in·out).</summary>
    /// <param name="options">Validated.</param>
    /// <param name="trainRows">Rows of an epoch, if known.</param>
    /// <param name="flopsPerSecond">What the machine sustains in training; the default is one core with AVX-512 at batch 128, halved for
    /// caution.</param>
    public static RunForecast Of(TrainingOptions options, long? trainRows = null, double flopsPerSecond = 30e9)
    {
        var forecast = OfOne(options, trainRows, flopsPerSecond);
        if (options.Parallel is null)
        {
            return forecast;
        }

        var parallel = ParallelForecast.Of(options, forecast, trainRows);
        return forecast with { Parallel = parallel, TrainingBytes = parallel.RankBytes * parallel.Workers };
    }

    private static RunForecast OfOne(TrainingOptions options, long? trainRows, double flopsPerSecond)
    {
        var network = options.Network;
        var weightLayers = Enumerable.Range(0, network.Layers.Count - 1).ToArray();
        var expected = weightLayers.Sum(layer => TopologyGenerator.ExpectedNnz(network, layer));
        var exact = expected + network.Layers.Sum(width => (double)width) <= LargestDrawn;
        var layers = weightLayers.Select(layer => exact ? Drawn(options, layer) : Expected(network, layer)).ToArray();
        var nnz = layers.Sum(layer => layer.Nnz);
        var cells = layers.Sum(layer => (double)layer.Inputs * layer.Outputs);
        var outputs = network.Layers.Skip(1).Sum(width => (long)width);
        var modelBytes = (8 * nnz) + (8 * (outputs + weightLayers.Length)) + (4 * outputs);
        var samples = trainRows / options.BatchSize * options.BatchSize;
        var flops = samples * layers.Sum(layer => FlopsPerConnection(layer) * layer.Nnz);
        return new RunForecast
        {
            Layers = layers,
            Nnz = nnz,
            DenseParameters = cells,
            Density = nnz / cells,
            ModelBytes = modelBytes,
            DenseModelBytes = 4 * (cells + outputs),
            TrainingBytes = TrainingMemory(options, layers),
            DenseTrainingBytes = (4.0 * (1 + StateSlots(options)) * (cells + outputs)) + Workspace.BytesOf(network.Layers, options.BatchSize),
            FlopsPerEpoch = flops,
            DenseFlopsPerEpoch = samples * layers.Sum(layer => FlopsPerConnection(layer) * layer.Inputs * layer.Outputs),
            SecondsPerEpoch = flops / flopsPerSecond,
            AssumedFlopsPerSecond = flopsPerSecond,
        };
    }

    // Forward, weight gradient and, above the first layer, input gradient: a multiply and an add per connection and sample each.
    private static double FlopsPerConnection(LayerForecast layer) => layer.Layer == 1 ? 4 : 6;

    private static int StateSlots(TrainingOptions options) => options.Optimizer.Kind == OptimizerKind.Adam ? 2 : 1;

    // What Trainer, SparseLayer and Workspace allocate; a test holds it against them.
    private static long TrainingMemory(TrainingOptions options, LayerForecast[] layers)
    {
        var widths = options.Network.Layers;
        var slots = StateSlots(options);
        var hidden = layers.SkipLast(1).Sum(layer => (long)layer.Outputs);
        return layers.Sum(layer => LayerMemory(layer, slots)) + BackwardMemory(options, layers) + hidden + Workspace.BytesOf(widths, options.BatchSize) + (8L * widths[0]);
    }

    // What the backward pass keeps of layers that it takes column by column, and the gradient of the largest of them.
    private static long BackwardMemory(TrainingOptions options, LayerForecast[] layers)
    {
        var batchSize = PaddedBatch.Of(options.BatchSize);
        var fused = layers.Skip(1).Where(layer => TilePlan.Default.FusesBackward(layer.Outputs, layer.Inputs, layer.Nnz, batchSize)).ToArray();
        return fused.Sum(layer => ColumnGroups.BytesOf(layer.Nnz, layer.Inputs))
            + (sizeof(float) * fused.Select(layer => ColumnGroups.MostPlaces(layer.Nnz, layer.Inputs)).DefaultIfEmpty().Max());
    }

    // Per connection: column, weight, optimizer state and, above the first layer, the transpose index. Per output neuron: row offset, bias
    // with its state, and whether it is removed. Per input neuron above the first layer: the transpose's offset. Then the exploration
    // sketch.
    private static long LayerMemory(LayerForecast layer, int slots)
    {
        var (connection, output) = (8L + (4 * slots), 8L + 4 + (4 * slots) + 1);
        var transpose = layer.Layer > 1 ? 8 * (layer.Nnz + layer.Inputs) : 0;
        return (connection * layer.Nnz) + (output * layer.Outputs) + transpose + ExplorationSketch.Registers;
    }

    private static LayerForecast Expected(NetworkOptions network, int layer)
    {
        var (inputs, outputs) = (network.Layers[layer], network.Layers[layer + 1]);
        var nnz = TopologyGenerator.ExpectedNnz(network, layer);
        return new LayerForecast(layer + 1, inputs, outputs, (long)nnz, nnz / ((double)inputs * outputs), Exact: false, [], []);
    }

    private static LayerForecast Drawn(TrainingOptions options, int layer)
    {
        using var pattern = FirstConnections.Of(options, layer);
        using var transpose = TransposeIndex.Of(pattern);
        return new LayerForecast(
            layer + 1, pattern.Columns, pattern.Rows, pattern.Nnz, pattern.Density, Exact: true,
            Histogram(Enumerable.Range(0, pattern.Rows).Select(pattern.FanIn).ToArray()),
            Histogram(Enumerable.Range(0, pattern.Columns).Select(transpose.FanOut).ToArray()));
    }

    private static DegreeBin[] Histogram(int[] degrees)
    {
        var (low, high) = (degrees.Min(), degrees.Max());
        var width = ((high - low) / Bins) + 1;
        var bins = new int[((high - low) / width) + 1];
        foreach (var degree in degrees)
        {
            bins[(degree - low) / width]++;
        }

        return bins.Select((neurons, bin) => new DegreeBin(low + (bin * width), low + ((bin + 1) * width) - 1, neurons)).ToArray();
    }
}

/// <param name="Layer">From 1.</param>
/// <param name="Exact">True when <paramref name="Nnz"/> was counted on the topology that the run will start from; false =
/// expectation.</param>
/// <param name="FanInHistogram">Number of output neurons by fan-in, in up to 20 equal bins; empty when not exact.</param>
/// <param name="FanOutHistogram">Number of input neurons by fan-out, likewise.</param>
public sealed record LayerForecast(
    int Layer, int Inputs, int Outputs, long Nnz, double Density, bool Exact,
    IReadOnlyList<DegreeBin> FanInHistogram, IReadOnlyList<DegreeBin> FanOutHistogram);

/// <summary>Number of neurons with a degree between <paramref name="From"/> and <paramref name="To"/>, both included.</summary>
public readonly record struct DegreeBin(int From, int To, int Neurons);
