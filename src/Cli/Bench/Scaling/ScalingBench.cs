using SparseService.Cli.Bench.Report;
using SparseService.Cli.Bench.Scale;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Engine.Parallel.Simulation;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Scaling;

/// <summary><c>sparse bench scaling</c>: steps of partitioned training, measured on 1, 2 and 4 ranks here, predicted for up to
/// 1,024.</summary>
internal sealed class ScalingBench : Benchmark<ScalingResult>
{
    private const int HiddenLayers = 10;
    private const double FanOut = 4;
    private static readonly int[] MeasuredRanks = [1, 2, 4];
    private static readonly int[] PredictedRanks = [1, 4, 16, 64, 256, 1024];
    private static readonly int[] Networks = [1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000];
    private static readonly PartitionKind[] Kinds = [PartitionKind.Random, PartitionKind.Hypergraph];

    /// <summary>One core of the measured machine per rank, each rank with a network card of its own.</summary>
    private static readonly (string Name, double Latency, double BytesPerSecond)[] Links =
    [
        ("100 Gbit/s, 2 µs", 2e-6, 12e9),
        ("10 Gbit/s, 30 µs", 30e-6, 1.1e9),
    ];

    public ScalingBench()
        : base(
            "scaling",
            "Partitioned training: a step on 1, 2 and 4 ranks (threads) of this machine, measured and predicted; then, predicted "
            + "alone, networks of 1 to 50 million neurons on up to 1,024 ranks, neurons dealt out at random or by hypergraph partitioning.",
            "about 3 minutes", 3,
            "./sparse bench scaling")
    {
    }

    protected override Task<ScalingResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var link = run.Quick ? new LinkSpeed(1e-6, 1e-8, 1e-10) : CoreLink.WhileNear(LinkSpeed.Measure);
        var validations = new List<ScalingValidation>();
        foreach (var (name, options) in Shapes(run.Quick))
        {
            BenchRun.Say($"Steps of {name} …");
            validations.AddRange(ScalingSteps.Measure(name, options, MeasuredRanks, Kinds, link, run.Quick ? 4 : 30, run.Rounds));
        }

        var volumes = new List<VolumePoint>();
        foreach (var (width, parts) in run.Quick ? [(500, 4), (500, 16)] : Cuts())
        {
            BenchRun.Say($"Cutting layers of {width:N0} neurons into {parts} parts …");
            volumes.Add(Volume(width, parts));
        }

        var fit = VolumeFit.Of(volumes);
        var flops = validations[^1].FlopsPerCore;
        var predictions =
            from neurons in Networks
            from at in Links
            from kind in Kinds
            from ranks in PredictedRanks
            select Predict(neurons, at, kind, ranks, fit, link, flops);
        return Task.FromResult(new ScalingResult(run.Origin, link, validations, volumes, fit, predictions.ToList()));
    }

    protected override void Print(ScalingResult result)
    {
        var table = SweepTable.Of("network", "partition", "ranks", "measured", "predicted", "words a sample");
        foreach (var point in result.Validations)
        {
            table.AddRow(
                point.Network, $"{point.Kind}", $"{point.Ranks}", SweepTable.Time(point.MeasuredSeconds),
                SweepTable.Time(point.PredictedSeconds), $"{point.Words:N0}");
        }

        BenchRun.Show(table);
        Console.WriteLine($"Predicted: see {ScalingPage.Path}, written by ./sparse bench readme.");
    }

    /// <summary>The network of <c>deploy/examples/bat-brain.json</c> by formula: equal hidden layers, each neuron read by four others on
    /// average.</summary>
    internal static ScalingPrediction Predict(
        long neurons, (string Name, double Latency, double BytesPerSecond) link, PartitionKind kind, int ranks, VolumeFit fit,
        LinkSpeed speed, double flops)
    {
        var width = neurons / HiddenLayers;
        var machine = new MachineModel(link.Latency, link.BytesPerSecond, flops, 1, 1, speed.ValueSeconds, speed.ValueByteSeconds);
        var options = NetworkPart.OptionsOf((int)neurons);
        var words = Volumes.RandomWords(width, FanOut, ranks) * (kind == PartitionKind.Random ? 1 : fit.At(ranks));

        // Each ghost is read by a little more than one connection: a neuron's readers at one rank.
        var ghostShare = ranks == 1 ? 0 : words / Volumes.RandomWords(width, FanOut, ranks) * (1 - (1.0 / ranks));
        var imbalance = kind == PartitionKind.Random ? 3 * Math.Sqrt(ranks / (FanOut * width)) : new PartitionOptions().Imbalance;
        var layers = new List<RankLoad[]>();
        for (var l = 0; l < options.Network.Layers.Count - 1; l++)
        {
            var connections = TopologyGenerator.ExpectedNnz(options.Network, l);
            var travels = l > 0 && l < HiddenLayers;
            layers.Add(RankLoad.Even(
                ranks, options.Network.Layers[l + 1], connections, travels ? ghostShare : 0, travels ? words : 0,
                travels ? Volumes.Messages(words, ranks) : 0, imbalance));
        }

        var step = StepSimulation.Of(layers, machine, 2, options.BatchSize, aloneSeconds: 0);
        return new ScalingPrediction(neurons, link.Name, kind, ranks, words * (HiddenLayers - 1), step.Seconds, step.Compute, step.Exposed);
    }

    private static IEnumerable<(string Name, TrainingOptions Options)> Shapes(bool quick)
    {
        var wide = new TrainingOptions
        {
            Epochs = 1000,
            BatchSize = 128,
            Dropout = 0.3,
            Evolution = null,
            Network = new NetworkOptions
            {
                Layers = quick ? [20, 60, 50, 10] : [784, 1000, 1000, 1000, 10],
                Topology = new TopologyOptions { Epsilon = 20 },
                Activation = new ActivationOptions { Kind = ActivationKind.AllRelu, Slope = 0.6 },
            },
        };
        yield return ("784-1000-1000-1000-10, epsilon 20, batch 128", wide);
        yield return ("1024-20000⁵-2, epsilon 2, batch 16", wide with
        {
            BatchSize = 16,
            Dropout = 0,
            Network = wide.Network with
            {
                Layers = quick ? [20, 100, 100, 2] : [1024, 20_000, 20_000, 20_000, 20_000, 20_000, 2],
                Topology = new TopologyOptions { Epsilon = 2 },
            },
        });
    }

    private static IEnumerable<(int Width, int Parts)> Cuts() =>
        from width in new[] { 5_000, 20_000 } from parts in new[] { 4, 16, 64 } select (width, parts);

    // The second of two equal layers: its inputs have owners.
    private static VolumePoint Volume(int width, int parts)
    {
        var network = new NetworkOptions { Layers = [width, width, width], Topology = new TopologyOptions { Epsilon = FanOut / 2 } };
        var layers = new[] { TopologyGenerator.Layer(network, 0, 1), TopologyGenerator.Layer(network, 1, 1) };
        var partitions = Kinds.Select(kind => NetworkPartition.Of(layers, new PartitionOptions { Kind = kind }, parts, 1));
        var words = partitions.Select(partition => PartitionScore.Of(layers, partition).Layers[1].Words).ToArray();
        foreach (var layer in layers)
        {
            layer.Dispose();
        }

        return new VolumePoint(width, parts, words[0], Volumes.RandomWords(width, FanOut, parts), words[1]);
    }
}

/// <param name="FormulaWords">Expected of a random partition.</param>
internal sealed record VolumePoint(int Width, int Parts, long RandomWords, double FormulaWords, long HypergraphWords)
{
    public double Ratio => RandomWords == 0 ? 1 : (double)HypergraphWords / RandomWords;
}

/// <summary>Words of a hypergraph partition over those of a random one, as a line over log₂ of the parts; at most 1.</summary>
internal sealed record VolumeFit(double AtOne, double EachDoubling)
{
    public static VolumeFit Of(IReadOnlyList<VolumePoint> points)
    {
        var logs = points.Select(point => (X: Math.Log2(point.Parts), Y: point.Ratio)).ToArray();
        var (x, y) = (logs.Average(log => log.X), logs.Average(log => log.Y));
        var spread = logs.Sum(log => (log.X - x) * (log.X - x));
        var slope = spread == 0 ? 0 : logs.Sum(log => (log.X - x) * (log.Y - y)) / spread;
        return new VolumeFit(y - (slope * x), slope);
    }

    public double At(int parts) => Math.Clamp(AtOne + (EachDoubling * Math.Log2(parts)), 0, 1);
}

internal sealed record ScalingResult(
    Origin Origin, LinkSpeed Link, IReadOnlyList<ScalingValidation> Validations, IReadOnlyList<VolumePoint> Volumes, VolumeFit Fit,
    IReadOnlyList<ScalingPrediction> Predictions);

/// <param name="Words">A sample, all layers, one direction.</param>
internal sealed record ScalingPrediction(
    long Neurons, string Link, PartitionKind Kind, int Ranks, double Words, double Seconds, double ComputeSeconds, double ExposedSeconds);
