using System.CommandLine;
using System.Diagnostics;
using SparseService.Cli.Bench.Parts;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Cli.Files;
using SparseService.Cli.Machine;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Scale;

/// <summary>Creation, two short epochs and a checkpoint of a network of the bat-brain's form, at one size.</summary>
internal sealed class NetworkPart : Part<NetworkPoint>
{
    public const string PartName = "part-network";

    private const int HiddenLayers = 10;
    private const int Features = 65_536;
    private const int StepsPerEpoch = 3;

    private readonly Option<int?> neurons = Number("--neurons", 2 * HiddenLayers, "In all hidden layers together (1000000).");
    private readonly Option<int?> threads = Number("--threads", 1, "Threads of the kernels (1).");

    public NetworkPart()
        : base(PartName, "A few steps of a deep network, for `scale`.")
    {
        Options.Add(neurons);
        Options.Add(threads);
    }

    public static async Task<NetworkPoint> RunAsync(int neurons, int threads, CancellationToken cancellationToken) =>
        (await StartAsync(PartName, ["--neurons", $"{neurons}", "--threads", $"{threads}"], cancellationToken))!;

    /// <summary>The spec of <c>deploy/examples/bat-brain.json</c> with other widths.</summary>
    public static TrainingOptions OptionsOf(int neurons) => new()
    {
        Epochs = 3,
        BatchSize = 16,
        Network = new NetworkOptions
        {
            Layers = [Features, .. Enumerable.Repeat(neurons / HiddenLayers, HiddenLayers), 2],
            Topology = new TopologyOptions { Epsilon = 2 },
            Weights = WeightDistribution.SparseHeUniform,
            Activation = new ActivationOptions { Kind = ActivationKind.AllRelu, Slope = 0.2 },
        },
        Optimizer = new OptimizerOptions { LearningRate = 2e-7 },
        Evolution = new EvolutionOptions { NewWeights = NewWeights.Zero },
    };

    protected override Task<NetworkPoint> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var options = OptionsOf(arguments.GetValue(neurons) ?? 1_000_000);
        using var backend = Backend.Create(threads: arguments.GetValue(threads) ?? 1);
        using var data = new SyntheticData(Features, 2, StepsPerEpoch * options.BatchSize, options.BatchSize);
        var started = Stopwatch.GetTimestamp();
        using var trainer = Trainer.Create(options, data.Store, backend);
        var createSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var connections = trainer.Nnz;

        // In the first epoch memory is touched for the first time and indexes are built; the second one is like all others.
        trainer.TrainEpoch(cancellationToken: cancellationToken);
        var steps = new List<double>();
        var last = Stopwatch.GetTimestamp();
        var epoch = trainer.TrainEpoch(
            _ =>
            {
                steps.Add(Stopwatch.GetElapsedTime(last).TotalSeconds);
                last = Stopwatch.GetTimestamp();
            },
            cancellationToken);
        started = Stopwatch.GetTimestamp();
        using var checkpoint = new CountingStream();
        trainer.WriteCheckpoint(checkpoint);
        var forecast = RunForecast.Of(options);
        return Task.FromResult(new NetworkPoint(
            options.Network.Layers.Sum(width => (long)width), connections, createSeconds, new Series(steps), epoch.EvolutionSeconds,
            epoch.TestSeconds, Stopwatch.GetElapsedTime(started).TotalSeconds, checkpoint.Length, PeakMemory.Bytes(),
            forecast.TrainingBytes));
    }
}

/// <param name="Neurons">Inputs and outputs included.</param>
/// <param name="CheckpointSeconds">Of writing it to nowhere: what the disk takes comes on top.</param>
/// <param name="PeakMemoryBytes">Of the whole process, as the operating system counted it.</param>
/// <param name="ForecastBytes">What a preview of the spec says.</param>
internal sealed record NetworkPoint(
    long Neurons, long Nnz, double CreateSeconds, Series Step, double EvolutionSeconds, double TestSeconds, double CheckpointSeconds,
    long CheckpointBytes, long PeakMemoryBytes, long ForecastBytes)
{
    public double NanosecondsPerConnection => 1e9 * Step.Median / Nnz;

    /// <summary>Of deploy/examples/bat-brain.json: 16 steps of 16 samples, a test of 64, an evolution.</summary>
    public double ExampleEpochSeconds => (16 * Step.Median) + (4 * TestSeconds) + EvolutionSeconds;

    public double BytesPerConnection => (double)PeakMemoryBytes / Nnz;

    public double BytesPerNeuron => (double)PeakMemoryBytes / Neurons;
}
