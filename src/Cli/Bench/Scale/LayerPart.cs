using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SparseService.Cli.Bench.Parts;
using SparseService.Cli.Machine;
using SparseService.Engine;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Scale;

/// <summary>What changes the topology of one layer, timed at one size.</summary>
internal sealed class LayerPart : Part<LayerPoint>
{
    public const string PartName = "part-layer";

    private const int FanIn = 20;
    private const double Percentile = 20;
    private const double EnoughSeconds = 0.2;
    private const int MostRounds = 15;

    private readonly Option<string?> nnz = Text("--nnz", "N", "Connections (100000).");

    public LayerPart()
        : base(PartName, "One layer's operations on topology, for `scale`.") => Options.Add(nnz);

    /// <summary>Weights, columns, momentum, transpose index; offsets of rows and columns.</summary>
    public static double BytesOf(double connections) => (20 * connections) + (32 * connections / FanIn);

    public static async Task<LayerPoint> RunAsync(double connections, CancellationToken cancellationToken) =>
        (await StartAsync(PartName, ["--nnz", connections.ToString("0", CultureInfo.InvariantCulture)], cancellationToken))!;

    protected override Task<LayerPoint> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var wanted = double.Parse(arguments.GetValue(nnz) ?? "100000", CultureInfo.InvariantCulture);
        var neurons = (int)(wanted / FanIn);
        var network = new NetworkOptions
        {
            // A second layer of one neuron, which the specification wants and nobody draws.
            Layers = [neurons, neurons, 1],
            Topology = new TopologyOptions { Epsilon = FanIn / 2.0 },
        };
        var (initialise, transpose, evolve, prune) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var connections = 0L;
        var started = Stopwatch.GetTimestamp();
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            CsrMatrix? weights = null;
            initialise.Add(Seconds(() => weights = TopologyGenerator.Layer(network, 0, seed: 1)));
            connections = weights!.Nnz;
            var momentum = new DeviceBuffer<float>(connections);
            momentum.Clear();
            using var layer = new Connections(weights, [momentum]);
            using var index = TransposeIndex.Of(weights);
            Evolve(layer, network);
            evolve.Add(Seconds(() => Evolve(layer, network)));
            transpose.Add(Seconds(index.Rebuild));
            prune.Add(Seconds(() => Prune(layer)));
        }
        while (initialise.Count < MostRounds && Stopwatch.GetElapsedTime(started).TotalSeconds < EnoughSeconds);

        // The first of several rounds met code that was not compiled yet.
        return Task.FromResult(new LayerPoint(
            connections, neurons, SeriesOf(initialise), SeriesOf(transpose), SeriesOf(evolve), SeriesOf(prune), PeakMemory.Bytes()));
    }

    private static Series SeriesOf(List<double> seconds) => new([.. seconds.Skip(seconds.Count > 2 ? 2 : 0)]);

    private static void Evolve(Connections layer, NetworkOptions network)
    {
        var stream = RandomStream.For(1, RandomPurpose.Evolution);
        var (rows, columns) = (layer.Weights.Rows, layer.Weights.Columns);
        var initializer = WeightInitializer.For(network.Weights, columns, rows, layer.Weights.Nnz);
        SetEvolution.Evolve(layer, 0.3, initializer, OpenNeurons.All(rows, columns), new ExplorationSketch(), ref stream);
    }

    private static void Prune(Connections layer)
    {
        var removed = new bool[layer.Weights.Rows];
        ImportancePruning.Choose(layer.Weights, removed, Percentile, removed);
        ImportancePruning.Remove(layer, removed, null);
    }

    private static double Seconds(Action action)
    {
        var started = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}

/// <summary>Seconds of each operation on a square layer with a mean fan-in of 20.</summary>
/// <param name="Initialise">Drawing pattern and weights.</param>
/// <param name="Evolve">SET: 30 % dropped, as many grown.</param>
/// <param name="Prune">Importance pruning: strengths, percentile, removal of a fifth of the neurons.</param>
internal sealed record LayerPoint(
    long Nnz, int Neurons, Series Initialise, Series Transpose, Series Evolve, Series Prune, long PeakMemoryBytes);
