using SparseService.Cli.Bench.Dense;
using SparseService.Cli.Bench.Peers;
using SparseService.Engine.Kernels;
using Spectre.Console;

namespace SparseService.Cli.Bench.Sweeps;

/// <summary><c>sparse bench density-sweep</c>: up to which density is sparse faster than dense?</summary>
internal sealed class DensitySweep : Benchmark<DensityResult>
{
    private const int TorchBatches = 40;

    private static readonly double[] Swept = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1];

    public DensitySweep()
        : base(
            "density-sweep",
            "A step of 3072-1024-1024-10, batch 100, one thread, at densities from 0.001 to 1: against PyTorch dense and against a dense "
            + "trainer of our own. Where is the break-even?",
            "about 1 minute", 5,
            "./sparse bench density-sweep")
    {
    }

    protected override async Task<DensityResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var densities = run.Quick ? [0.01, 1] : Swept;
        var shapes = densities.Select(density => ShapeOf(density, run.Quick)).ToArray();
        var layers = shapes[0].Options.Network.Layers;
        using var backend = Backend.Create(threads: 1);
        using var data = new SyntheticData(layers[0], layers[^1], shapes[0].TrainRows, shapes[0].TestRows);
        var steps = Array.ConvertAll(shapes, shape => new OwnSteps(shape.Options, data.Store, backend));
        using var twin = new DenseTwin(layers, shapes[0].Options.BatchSize, 1e-4f);
        try
        {
            var contenders = densities.Zip(steps, (density, own) => new Contender(
                NameOf(density), _ => Task.FromResult(new Measurement(Series.MedianOf(own.Run(run.Quick ? 0 : 0.3, 3)))))).ToList();
            contenders.Add(new("own dense", _ => Task.FromResult(
                new Measurement(Rounds.Time(run.Quick ? 1 : 9, () => twin.Step()).Median))));
            var torch = await TorchAsync(run, shapes[0], cancellationToken);
            contenders.AddRange(torch is null ? [] : [torch]);
            OwnSteps.WarmUp(steps, run.Quick);
            var sides = await Race.RunAsync(contenders, run.Rounds, cancellationToken);
            return Result(run.Origin, densities, steps, shapes, sides);
        }
        finally
        {
            Array.ForEach(steps, own => own.Dispose());
        }
    }

    protected override void Print(DensityResult result)
    {
        var table = SweepTable.Of("density", "connections", "one step", "spread", "GFLOP/s", "of PyTorch dense", "of our dense");
        foreach (var point in result.Points)
        {
            table.AddRow(
                $"{point.Density}", $"{point.Nnz:N0}", SweepTable.Time(point.Step.Median), SweepTable.Spread(point.Step),
                $"{point.Gflops:0.0}", result.TorchDense is { } torch ? $"{point.Step.Median / torch.Median:0.000}" : "-",
                $"{point.Step.Median / result.OwnDense.Median:0.000}");
        }

        BenchRun.Show(table);
        Console.WriteLine(
            $"Our dense step: {SweepTable.Time(result.OwnDense.Median)} ({result.OwnDenseGflops:0} GFLOP/s), break-even at density "
            + $"{Text(result.BreakEvenWithOwnDense)}.");
        Console.WriteLine(result.TorchDense is { } dense
            ? $"PyTorch's: {SweepTable.Time(dense.Median)}, break-even at density {Text(result.BreakEvenWithTorch)}."
            : "PyTorch is not installed.");
    }

    /// <summary>Density at which the sparse time passes the dense one, between two points on a straight line.</summary>
    /// <returns>Null where sparse is faster at every density.</returns>
    internal static double? BreakEven(IReadOnlyList<(double Density, double Seconds)> sparse, double dense)
    {
        if (sparse[0].Seconds > dense)
        {
            return 0;
        }

        foreach (var (below, above) in sparse.Zip(sparse.Skip(1)))
        {
            if (above.Seconds > dense)
            {
                var share = (dense - below.Seconds) / (above.Seconds - below.Seconds);
                return below.Density + (share * (above.Density - below.Density));
            }
        }

        return null;
    }

    private static async Task<Contender?> TorchAsync(BenchRun run, BenchShape shape, CancellationToken cancellationToken)
    {
        if (run.Quick && !TorchPeer.IsInstalled)
        {
            return null;
        }

        await TorchPeer.RequireAsync(cancellationToken);
        var peer = new TorchPeer(run.Root, shape, data: null, threads: 1);
        await peer.TuneAsync(["dense"], run.Quick, cancellationToken);
        return new("PyTorch dense", async token =>
            new Measurement((await peer.MeasureAsync("dense", TorchBatches, token)).Seconds / shape.BatchesPerEpoch));
    }

    private static DensityResult Result(
        Origin origin, double[] densities, OwnSteps[] steps, BenchShape[] shapes, IReadOnlyList<Side> sides)
    {
        var points = densities.Select((density, at) => new DensityPoint(
            density, steps[at].Nnz, sides[at].Time, 1e-9 * OwnSteps.FlopsOf(shapes[at].Options) / sides[at].Median)).ToArray();
        var medians = points.Select(point => (point.Density, point.Step.Median)).ToArray();
        var (own, torch) = (sides[densities.Length].Time, sides.ElementAtOrDefault(densities.Length + 1)?.Time);
        return new DensityResult(
            origin, points, own, 1e-9 * OwnSteps.FlopsOf(shapes[^1].Options) / own.Median, torch,
            BreakEven(medians, own.Median), torch is null ? null : BreakEven(medians, torch.Median));
    }

    private static BenchShape ShapeOf(double density, bool quick)
    {
        // Enough samples for the gather to be a real one.
        var shape = BenchShape.Cifar10(density) with { TrainRows = 5_000, TestRows = 100 };
        shape = shape with { Options = BenchShape.Slowly(shape.Options) };
        return quick
            ? shape with
            {
                Options = shape.Options with { Network = shape.Options.Network with { Layers = [64, 80, 10] } }, TrainRows = 500,
            }
            : shape;
    }

    private static string NameOf(double density) => $"density {density}";

    private static string Text(double? breakEven) =>
        breakEven is { } density ? $"{density:0.00}" : "none: sparse is faster at every density";
}

/// <param name="OwnDense">A step of the dense trainer in src/Cli/Bench/Dense.</param>
/// <param name="BreakEvenWithOwnDense">Below this density sparse is faster; null where it always is.</param>
internal sealed record DensityResult(
    Origin Origin, IReadOnlyList<DensityPoint> Points, Series OwnDense, double OwnDenseGflops, Series? TorchDense,
    double? BreakEvenWithOwnDense, double? BreakEvenWithTorch);

internal sealed record DensityPoint(double Density, long Nnz, Series Step, double Gflops);
