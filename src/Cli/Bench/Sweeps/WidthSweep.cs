using SparseService.Cli.Bench.Dense;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Sweeps;

/// <summary><c>sparse bench width-sweep</c>: at the same epsilon connections grow with the width, not with its square.</summary>
internal sealed class WidthSweep : Benchmark<WidthResult>
{
    // Of the dense twin: beyond, it would have to be left out on small machines, and its curve is known by then.
    private const long MostDenseBytes = 600_000_000;

    private static readonly int[] Widths = [250, 500, 1000, 2000, 4000, 8000, 16000];

    public WidthSweep()
        : base(
            "width-sweep",
            "A step of 784-w-w-w-10, epsilon 20, batch 128, one thread, for hidden widths from 250 to 16000: against a dense trainer "
            + "of our own as far as its memory allows.",
            "about 1 minute", 5,
            "./sparse bench width-sweep")
    {
    }

    protected override async Task<WidthResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var networks = (run.Quick ? [30, 60] : Widths).Select(OptionsOf).ToArray();
        using var backend = Backend.Create(threads: 1);
        using var data = new SyntheticData(784, 10, run.Quick ? 256 : 4096, 128);
        var steps = Array.ConvertAll(networks, options => new OwnSteps(options, data.Store, backend));
        var twins = Array.ConvertAll(networks, TwinOf);
        try
        {
            var contenders = new List<Contender>();
            foreach (var (own, twin) in steps.Zip(twins))
            {
                contenders.Add(new("sparse", _ => Task.FromResult(new Measurement(Series.MedianOf(own.Run(run.Quick ? 0 : 0.3, 3))))));
                if (twin is not null)
                {
                    contenders.Add(new("dense", _ => Task.FromResult(
                        new Measurement(Rounds.Time(run.Quick ? 1 : 5, () => twin.Step()).Median))));
                }
            }

            OwnSteps.WarmUp(steps, run.Quick);
            var sides = new Queue<Side>(await Race.RunAsync(contenders, run.Rounds, cancellationToken));
            return new WidthResult(run.Origin, [.. networks.Select((options, at) => Point(options, steps[at].Nnz, sides, twins[at]))]);
        }
        finally
        {
            Array.ForEach(steps, own => own.Dispose());
            Array.ForEach(twins, twin => twin?.Dispose());
        }
    }

    protected override void Print(WidthResult result)
    {
        var table = SweepTable.Of(
            "width", "connections", "density", "one step", "spread", "GFLOP/s", "ns per connection", "dense step", "of it");
        foreach (var point in result.Points)
        {
            table.AddRow(
                $"{point.Width}", $"{point.Nnz:N0}", $"{point.Density:0.0000}", SweepTable.Time(point.Step.Median),
                SweepTable.Spread(point.Step), $"{point.Gflops:0.0}", $"{1e9 * point.Step.Median / point.Nnz:0.0}",
                point.DenseStep is { } dense ? SweepTable.Time(dense.Median) : "-",
                point.DenseStep is null ? "-" : $"{point.Step.Median / point.DenseStep.Median:0.000}");
        }

        BenchRun.Show(table);
    }

    private static WidthPoint Point(TrainingOptions options, long nnz, Queue<Side> sides, DenseTwin? twin)
    {
        var layers = options.Network.Layers;
        var cells = layers.Zip(layers.Skip(1), (inputs, outputs) => (double)inputs * outputs).Sum();
        var step = sides.Dequeue().Time;
        return new WidthPoint(
            layers[1], nnz, nnz / cells, step, 1e-9 * OwnSteps.FlopsOf(options) / step.Median, twin is null ? null : sides.Dequeue().Time);
    }

    private static DenseTwin? TwinOf(TrainingOptions options) =>
        DenseTwin.BytesOf(options.Network.Layers, options.BatchSize) <= MostDenseBytes
            ? new DenseTwin(options.Network.Layers, options.BatchSize, 1e-4f)
            : null;

    private static TrainingOptions OptionsOf(int width) =>
        new() { Network = new NetworkOptions { Layers = [784, width, width, width, 10] }, BatchSize = 128 };
}

internal sealed record WidthResult(Origin Origin, IReadOnlyList<WidthPoint> Points);

/// <param name="DenseStep">Of the dense trainer in src/Cli/Bench/Dense; null where its memory is too much.</param>
internal sealed record WidthPoint(int Width, long Nnz, double Density, Series Step, double Gflops, Series? DenseStep);
