using System.CommandLine;
using SparseService.Cli.Bench.Peers;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Workers;

/// <summary><c>sparse bench wasap</c>: phase 1 of averaged training on threads against as many sequential trainings side by side.</summary>
internal sealed class WorkersBench : Benchmark<WorkersResult>
{
    private readonly Option<int?> workers = Number("--workers", 1, "Workers, and sequential trainings beside each other (2).");

    public WorkersBench()
        : base(
            "wasap",
            "Samples per second of phase 1 of WASAP and WASSP on threads (784-1000-1000-1000-10, epsilon 20, batch 128) against the sum "
            + "of as many sequential trainings of one thread side by side, by turns, an epoch each; while processors have a cache in "
            + "common.",
            "about 3 minutes", 15,
            "./sparse bench wasap")
    {
        Options.Add(workers);
    }

    protected override Task<WorkersResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var count = run.Arguments.GetValue(workers) ?? 2;
        var shape = BenchShape.FashionMnist(run.Root);
        shape = run.Quick ? shape.Quick() : shape;
        var options = BenchShape.Slowly(shape.Options) with { Epochs = 100_000 };
        using var data = new SyntheticData(options.Network.Layers[0], options.Network.Layers[^1], shape.TrainRows, shape.TestRows);
        using var alone = new SideBySide(count, turn => new SequentialSide(options with { Seed = (ulong)turn + 1 }, data.Store));
        using var wasap = new WorkersSide(Parallel(ParallelMethod.Wasap), data.Store);
        using var wassp = new WorkersSide(Parallel(ParallelMethod.Wassp), data.Store);
        var (sequential, asynchronous, synchronous) = (new List<SideRate>(), new List<SideRate>(), new List<SideRate>());
        for (var round = 0; round <= run.Rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            BenchRun.Say(round == 0 ? "Warm-up …" : $"Round {round} of {run.Rounds} …");
            sequential.Add(CoreLink.WhileNear(alone.Epoch));
            asynchronous.Add(CoreLink.WhileNear(wasap.Epoch));
            synchronous.Add(CoreLink.WhileNear(wassp.Epoch));
        }

        return Task.FromResult(new WorkersResult(
            run.Origin, count, CoreLink.Seconds(), WorkersRate.Of(sequential), WorkersRate.Of(asynchronous), WorkersRate.Of(synchronous)));

        TrainingOptions Parallel(ParallelMethod method) => options with
        {
            Parallel = new ParallelTrainingOptions { Method = method, Workers = count, LocalShare = 0 },
        };
    }

    protected override void Print(WorkersResult result)
    {
        var table = SweepTable.Of("", "samples per second, training", "spread", "with test and evolution", "of side by side", "waiting");
        foreach (var (name, rate) in new[]
        {
            ($"{result.Workers} sequential trainings side by side, summed", result.SideBySide),
            ($"WASAP, {result.Workers} workers", result.Wasap),
            ($"WASSP, {result.Workers} workers", result.Wassp),
        })
        {
            table.AddRow(
                name, $"{rate.Training.Median:N0}", $"{rate.Training.Lowest:N0} to {rate.Training.Highest:N0}", $"{rate.Whole.Median:N0}",
                $"{rate.Training.Median / result.SideBySide.Training.Median:0.0 %} "
                + $"({rate.Whole.Median / result.SideBySide.Whole.Median:0.0 %})",
                $"{rate.WaitingShare:0.0 %}");
        }

        BenchRun.Show(table);
    }
}

/// <param name="CoreLinkSeconds">That a word takes from one processor to another, when it was over.</param>
internal sealed record WorkersResult(
    Origin Origin, int Workers, double CoreLinkSeconds, WorkersRate SideBySide, WorkersRate Wasap, WorkersRate Wassp);

/// <param name="Training">Samples per second of the training itself.</param>
/// <param name="Whole">Of whole epochs, with test, statistics and evolution.</param>
/// <param name="WaitingShare">Of the workers' training time, median.</param>
internal sealed record WorkersRate(Rate Training, Rate Whole, double WaitingShare)
{
    /// <param name="rounds">The first is the warm-up.</param>
    public static WorkersRate Of(IEnumerable<SideRate> rounds)
    {
        var measured = rounds.Skip(1).ToArray();
        return new WorkersRate(
            new Rate([.. measured.Select(round => round.Training)]), new Rate([.. measured.Select(round => round.Whole)]),
            Series.MedianOf([.. measured.Select(round => round.WaitingShare)]));
    }
}
