using SparseService.Cli.Bench.Peers;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Sweeps;

/// <summary><c>sparse bench steps</c>: what a training step costs when there is little to compute.</summary>
internal sealed class StepsBench : Benchmark<StepsResult>
{
    private static readonly int[] Batches = [1, 8, 32, 128];

    public StepsBench()
        : base(
            "steps",
            "Microseconds of a whole training step (gather, forward, loss, backward, update) of 20-20-2 and 784-1000-1000-1000-10 at batch "
            + "1, 8, 32 and 128, one thread, against PyTorch dense.",
            "about 1 minute", 5,
            "./sparse bench steps")
    {
    }

    protected override async Task<StepsResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var withTorch = !run.Quick || TorchPeer.IsInstalled;
        if (withTorch)
        {
            await TorchPeer.RequireAsync(cancellationToken);
        }

        var shapes = Shapes(run).ToArray();
        using var backend = Backend.Create(threads: 1);
        var data = shapes.Select(shape => shape.Width).Distinct().ToDictionary(
            width => width, width => new SyntheticData(width, width == 20 ? 2 : 10, 4096, 128));
        var steps = Array.ConvertAll(shapes, shape => new OwnSteps(shape.Options, data[shape.Width].Store, backend));
        try
        {
            var contenders = new List<Contender>();
            foreach (var (shape, own) in shapes.Zip(steps))
            {
                contenders.Add(new("sparse", _ => Task.FromResult(new Measurement(Series.MedianOf(own.Run(run.Quick ? 0 : 0.3, 20))))));
                if (withTorch)
                {
                    var peer = new TorchPeer(run.Root, shape, data: null, threads: 1);
                    contenders.Add(new("PyTorch dense", async token =>
                        new Measurement((await peer.MeasureAsync("dense", 50, token)).Seconds / shape.BatchesPerEpoch)));
                }
            }

            OwnSteps.WarmUp(steps, run.Quick);
            var sides = new Queue<Side>(await Race.RunAsync(contenders, run.Rounds, cancellationToken));
            return new StepsResult(run.Origin, [.. shapes.Select((shape, at) => new StepPoint(
                string.Join('-', shape.Options.Network.Layers), shape.Options.BatchSize, steps[at].Nnz, sides.Dequeue().Time,
                withTorch ? sides.Dequeue().Time : null))]);
        }
        finally
        {
            Array.ForEach(steps, own => own.Dispose());
            Array.ForEach([.. data.Values], store => store.Dispose());
        }
    }

    protected override void Print(StepsResult result)
    {
        var table = SweepTable.Of("network", "batch", "connections", "one step", "spread", "PyTorch dense", "of ours");
        foreach (var point in result.Points)
        {
            table.AddRow(
                point.Network, $"{point.Batch}", $"{point.Nnz:N0}", SweepTable.Time(point.Step.Median), SweepTable.Spread(point.Step),
                point.TorchStep is { } torch ? SweepTable.Time(torch.Median) : "-",
                point.TorchStep is null ? "-" : $"{point.TorchStep.Median / point.Step.Median:0.0} x");
        }

        BenchRun.Show(table);
    }

    private static IEnumerable<BenchShape> Shapes(BenchRun run)
    {
        var small = new TrainingOptions { Network = new NetworkOptions { Layers = [20, 20, 2] } };
        foreach (var options in new[] { small, BenchShape.FashionMnist(run.Root).Options })
        {
            foreach (var batch in run.Quick ? [8] : Batches)
            {
                yield return new BenchShape(
                    "steps", BenchShape.Slowly(options) with { BatchSize = batch }, 4096, 128, Height: 1, Width: options.Network.Layers[0]);
            }
        }
    }
}

internal sealed record StepsResult(Origin Origin, IReadOnlyList<StepPoint> Points);

internal sealed record StepPoint(string Network, int Batch, long Nnz, Series Step, Series? TorchStep);
