using SparseService.Cli.Bench.Peers;
using SparseService.Cli.Machine;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Sweeps;

/// <summary><c>sparse bench memory</c>: what training holds at most, against the forecast and against dense.</summary>
internal sealed class MemoryBench : Benchmark<MemoryResult>
{
    // Beyond, PyTorch is not asked: weights, gradient and momentum of the dense twin would not fit common machines.
    private const double MostDenseBytes = 4e9;

    public MemoryBench()
        : base(
            "memory",
            "Peak memory of whole processes in training with evolution, against the forecast, the dense twin and PyTorch dense.",
            "about 1 minute", 1,
            "./sparse bench memory")
    {
    }

    protected override async Task<MemoryResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var withTorch = !run.Quick || TorchPeer.IsInstalled;
        if (withTorch)
        {
            await TorchPeer.RequireAsync(cancellationToken);
        }

        // What a process holds before it trains anything worth mentioning.
        var (ownBase, torchBase) = (0L, (long?)0);
        var points = new List<MemoryPoint>();
        foreach (var (at, options) in Networks(run).Index())
        {
            var name = string.Join('-', options.Network.Layers);
            BenchRun.Say($"{name} …");
            var (own, torch) = await PeaksAsync(run, options, run.Rounds, withTorch, cancellationToken);
            if (at == 0)
            {
                (ownBase, torchBase) = (own, torch);
                continue;
            }

            var forecast = RunForecast.Of(options);
            points.Add(new MemoryPoint(
                name, options.BatchSize, forecast.Nnz, own, own - ownBase, forecast.TrainingBytes, DenseBytes(options), torch,
                torch - torchBase));
        }

        return new MemoryResult(run.Origin, ownBase, withTorch ? torchBase : null, points);
    }

    protected override void Print(MemoryResult result)
    {
        var table = SweepTable.Of(
            "network", "connections", "our process", "above its base", "forecast", "dense twin, computed", "PyTorch dense",
            "above its base");
        foreach (var point in result.Points)
        {
            table.AddRow(
                point.Network, $"{point.Nnz:N0}", SweepTable.Bytes(point.PeakBytes), SweepTable.Bytes(point.AboveBaseBytes),
                SweepTable.Bytes(point.ForecastBytes), SweepTable.Bytes(point.DenseBytes), Text(point.TorchPeakBytes),
                Text(point.TorchAboveBaseBytes));
        }

        BenchRun.Show(table);
        Console.WriteLine($"Base: ours {Text(result.BaseBytes)}, PyTorch {Text(result.TorchBaseBytes)}, with the network 20-20-2.");
    }

    private static async Task<(long Own, long? Torch)> PeaksAsync(
        BenchRun run, TrainingOptions options, int rounds, bool withTorch, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        var layers = options.Network.Layers;
        var shape = new BenchShape("memory", options, 5 * options.BatchSize, options.BatchSize, 1, layers[0]);
        RandomImages.Write(folder.Path, shape.TrainRows, shape.TestRows, shape.Height, shape.Width, layers[^1]);
        var training = new OwnTraining(OwnTraining.WriteSpec(folder.Path, "spec", options), folder.Path, threads: 1);
        var (own, torch) = (0L, (long?)null);

        // The first start imports the data, which is no training; it is not counted.
        await training.RunAsync(1, 1, cancellationToken);
        for (var round = 0; round < rounds; round++)
        {
            var lines = await training.RunAsync(3, 1, cancellationToken);
            own = Math.Max(own, lines[^1].GetProperty("peakMemoryBytes").GetInt64());
            if (withTorch && DenseBytes(options) <= MostDenseBytes)
            {
                var peer = new TorchPeer(run.Root, shape, folder.Path, threads: 1);
                torch = Math.Max(torch ?? 0, (await peer.MeasureAsync("dense", 5, cancellationToken)).PeakMemoryBytes ?? 0);
            }
        }

        return (own, torch);
    }

    // Weights, gradients and momentum of every cell.
    private static double DenseBytes(TrainingOptions options)
    {
        var layers = options.Network.Layers;
        return 12.0 * layers.Zip(layers.Skip(1), (inputs, outputs) => (double)inputs * outputs).Sum();
    }

    private static IEnumerable<TrainingOptions> Networks(BenchRun run)
    {
        yield return BenchShape.Slowly(new TrainingOptions { Network = new NetworkOptions { Layers = [20, 20, 2] } });
        int[] widths = run.Quick ? [50] : [1000, 4000, 16000, 100000];
        foreach (var width in widths)
        {
            var network = new NetworkOptions { Layers = [784, width, width, width, 10] };
            yield return BenchShape.Slowly(new TrainingOptions { Network = network });
        }

        if (!run.Quick)
        {
            yield return BenchShape.Slowly(BenchShape.Cifar10(0.05).Options);
        }
    }

    private static string Text(double? bytes) => bytes is { } known ? SweepTable.Bytes(known) : "-";
}

/// <param name="BaseBytes">Peak of our process with 20-20-2: the runtime and the program itself.</param>
internal sealed record MemoryResult(Origin Origin, long BaseBytes, long? TorchBaseBytes, IReadOnlyList<MemoryPoint> Points);

/// <param name="ForecastBytes">What a preview of the spec says.</param>
/// <param name="DenseBytes">Weights, gradients and momentum of the dense twin, computed.</param>
internal sealed record MemoryPoint(
    string Network, int Batch, long Nnz, long PeakBytes, long AboveBaseBytes, long ForecastBytes, double DenseBytes, long? TorchPeakBytes,
    long? TorchAboveBaseBytes);
