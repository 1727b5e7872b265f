using System.CommandLine;
using System.Globalization;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Scale;

/// <summary><c>sparse bench scale</c>: how time and memory grow up to networks of bat-brain size.</summary>
internal sealed class ScaleBench : Benchmark<ScaleResult>
{
    // What the runtime, the page cache and the system itself keep.
    private const double ReservedBytes = 1.5e9;

    private static readonly double[] LayerSizes = [1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8, 2e8, 5e8, 1e9];
    private static readonly int[] NetworkSizes = [1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000];

    private readonly Option<string?> mostNnz = Text("--max-nnz", "N", "Largest layer, 1e5 to 2e9 connections (1e8).");
    private readonly Option<string?> mostNeurons = Text(
        "--max-neurons", "N", "Largest network, 1e6 to 1e9 neurons (5e7); 0 leaves networks out.");

    private readonly Option<int?> threads = Number("--threads", 1, "Threads of the networks (one per processor).");

    public ScaleBench()
        : base(
            "scale",
            "Initialisation, evolution, pruning and transposition of one layer from 1e5 connections on; steps of networks from 1 to 50 "
            + "million neurons (65,536 inputs, ten hidden layers, epsilon 2, batch 16). Sizes that do not fit free memory are left out. "
            + "Draws docs/images/scale.svg.",
            "about 5 minutes", 1,
            "./sparse bench scale",
            "./sparse bench scale --max-nnz 5e8 --max-neurons 0")
    {
        Options.Add(mostNnz);
        Options.Add(mostNeurons);
        Options.Add(threads);
        AddRule(result =>
        {
            Check(result.GetValue(mostNnz), mostNnz.Name, 1e5, 2e9, result.AddError);
            Check(result.GetValue(mostNeurons) is "0" ? null : result.GetValue(mostNeurons), mostNeurons.Name, 1e6, 1e9, result.AddError);
        });
    }

    protected override async Task<ScaleResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var count = run.Arguments.GetValue(threads) ?? Environment.ProcessorCount;
        var layers = await LayersAsync(run, Limit(run.Arguments.GetValue(mostNnz), 1e8), cancellationToken);
        var networks = await NetworksAsync(run, Limit(run.Arguments.GetValue(mostNeurons), 5e7), count, cancellationToken);
        var result = new ScaleResult(
            run.Origin, count, layers, networks,
            new Growth(
                Exponent(layers, point => point.Initialise.Median), Exponent(layers, point => point.Transpose.Median),
                Exponent(layers, point => point.Evolve.Median), Exponent(layers, point => point.Prune.Median)));
        if (!run.Quick)
        {
            await File.WriteAllTextAsync(Path.Combine(run.Root, "docs", "images", "scale.svg"), ScalePlot.Of(result), cancellationToken);
        }

        return result;
    }

    protected override void Print(ScaleResult result)
    {
        var layers = SweepTable.Of("connections", "initialise", "transpose", "evolve", "prune", "peak memory", "bytes per connection");
        foreach (var point in result.Layers)
        {
            layers.AddRow(
                $"{point.Nnz:N0}", Each(point.Initialise), Each(point.Transpose), Each(point.Evolve), Each(point.Prune),
                SweepTable.Bytes(point.PeakMemoryBytes), $"{(double)point.PeakMemoryBytes / point.Nnz:0.0}");

            string Each(Series time) => $"{SweepTable.Time(time.Median)} ({1e9 * time.Median / point.Nnz:0.0} ns each)";
        }

        BenchRun.Show(layers);
        Console.WriteLine(
            $"time ~ connections^x from 1e6 connections on: initialise {result.Exponents.Initialise:0.00}, "
            + $"transpose {result.Exponents.Transpose:0.00}, evolve {result.Exponents.Evolve:0.00}, prune {result.Exponents.Prune:0.00}");
        var networks = SweepTable.Of(
            "neurons", "connections", "create", "step", "evolution", "test", "checkpoint", "peak memory", "forecast", "per connection",
            "per neuron");
        foreach (var point in result.Networks)
        {
            networks.AddRow(
                $"{point.Neurons:N0}", $"{point.Nnz:N0}", SweepTable.Time(point.CreateSeconds), SweepTable.Time(point.Step.Median),
                SweepTable.Time(point.EvolutionSeconds), SweepTable.Time(point.TestSeconds), SweepTable.Bytes(point.CheckpointBytes),
                SweepTable.Bytes(point.PeakMemoryBytes), SweepTable.Bytes(point.ForecastBytes), $"{point.BytesPerConnection:0} B",
                $"{point.BytesPerNeuron:0} B");
        }

        BenchRun.Show(networks);
    }

    /// <summary>
    /// Slope of log(seconds) over log(connections) by least squares; 1 is linear. Small layers, which fit caches, are left out.
    /// </summary>
    /// <returns>Null with fewer than two points.</returns>
    internal static double? Exponent(IReadOnlyList<LayerPoint> points, Func<LayerPoint, double> seconds)
    {
        var logs = points.Where(point => point.Nnz > 900_000)
            .Select(point => (X: Math.Log(point.Nnz), Y: Math.Log(seconds(point)))).ToList();
        if (logs.Count < 2)
        {
            return null;
        }

        var (x, y) = (logs.Average(log => log.X), logs.Average(log => log.Y));
        return logs.Sum(log => (log.X - x) * (log.Y - y)) / logs.Sum(log => (log.X - x) * (log.X - x));
    }

    private static async Task<List<LayerPoint>> LayersAsync(BenchRun run, double most, CancellationToken cancellationToken)
    {
        var points = new List<LayerPoint>();
        foreach (var nnz in run.Quick ? [1e4, 2e4] : LayerSizes.Where(size => size <= most))
        {
            if (Fits(LayerPart.BytesOf(nnz), $"A layer of {nnz:N0} connections"))
            {
                BenchRun.Say($"A layer of {nnz:N0} connections …");
                points.Add(await LayerPart.RunAsync(nnz, cancellationToken));
            }
        }

        return points;
    }

    private static async Task<List<NetworkPoint>> NetworksAsync(BenchRun run, double most, int threads, CancellationToken cancellationToken)
    {
        var points = new List<NetworkPoint>();
        foreach (var neurons in run.Quick ? [1_000] : NetworkSizes.Where(size => size <= most))
        {
            if (Fits(RunForecast.Of(NetworkPart.OptionsOf(neurons)).TrainingBytes, $"A network of {neurons:N0} neurons"))
            {
                BenchRun.Say($"A network of {neurons:N0} neurons …");
                points.Add(await NetworkPart.RunAsync(neurons, threads, cancellationToken));
            }
        }

        return points;
    }

    private static bool Fits(double bytes, string what)
    {
        const string File = "/proc/meminfo";
        var line = System.IO.File.Exists(File)
            ? System.IO.File.ReadLines(File).FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal))
            : null;
        var free = line is null
            ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes
            : 1024.0 * double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        if (bytes + ReservedBytes <= free)
        {
            return true;
        }

        BenchRun.Say($"{what} needs {SweepTable.Bytes(bytes)}; {SweepTable.Bytes(free)} are free: left out.");
        return false;
    }

    private static double Limit(string? text, double otherwise) =>
        text is null ? otherwise : double.Parse(text, CultureInfo.InvariantCulture);

    private static void Check(string? text, string name, double least, double most, Action<string> fault)
    {
        if (text is not null && !(double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most))
        {
            fault(string.Create(CultureInfo.InvariantCulture, $"{name} is {text}; allowed: a number from {least:0e0} to {most:0e0}"));
        }
    }
}

/// <param name="Threads">Of the networks; what changes a layer's topology runs on one.</param>
internal sealed record ScaleResult(
    Origin Origin, int Threads, IReadOnlyList<LayerPoint> Layers, IReadOnlyList<NetworkPoint> Networks, Growth Exponents);

/// <summary>x in time ~ connections^x.</summary>
internal sealed record Growth(double? Initialise, double? Transpose, double? Evolve, double? Prune);
