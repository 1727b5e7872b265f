using SparseService.Cli.Bench.Peers;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Cli.Machine;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Parallel;

/// <summary><c>sparse bench parallel</c>: what several ranks give, and what they exchange and wait for.</summary>
internal sealed class ParallelBench : Benchmark<ParallelResult>
{
    private static readonly int[] RankCounts = [1, 2, 4];

    public ParallelBench()
        : base(
            "parallel",
            "Samples per second, waiting time and exchanged bytes of 784-1000-1000-1000-10, epsilon 20, batch 128, on 1, 2 and 4 ranks "
            + "of one thread each: partitioned and WASAP (phase 1), as threads and as processes of mpirun.",
            "about 4 minutes", 3,
            "./sparse bench parallel",
            "./sparse bench parallel --rounds 5")
    {
    }

    protected override async Task<ParallelResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var shape = BenchShape.FashionMnist(run.Root);
        shape = run.Quick ? shape.Quick() : shape with { TrainRows = 20_000, TestRows = 500 };
        var options = BenchShape.Slowly(shape.Options) with { Epochs = 100_000 };
        options = run.Quick ? options with { Network = options.Network with { Layers = [784, 50, 10] } } : options;
        if (!run.Quick)
        {
            await SystemPackages.RequireAsync(
                "Open MPI", Programs.HasMpi, ["openmpi-bin"], "Install Open MPI 4: half of this benchmark runs under its mpirun.",
                cancellationToken);
        }

        using var data = new SyntheticData(shape.Height * shape.Width, options.Network.Layers[^1], shape.TrainRows, shape.TestRows);
        var sides = SidesOf().ToDictionary(side => side, _ => new List<EpochResult>());
        for (var round = 1; round <= run.Rounds; round++)
        {
            foreach (var (side, epochs) in sides)
            {
                BenchRun.Say($"Round {round} of {run.Rounds}: {side.Method}, {side.Ranks} ranks, {side.Transport} …");
                epochs.Add(await Task.Run(
                    () => CoreLink.WhileNear(() => EpochOf(side, options, data, cancellationToken)), cancellationToken));
            }
        }

        var rows = sides.Select(side => Of(side.Key, side.Value)).ToArray();
        return new ParallelResult(run.Origin, string.Join('-', options.Network.Layers), rows);
    }

    protected override void Print(ParallelResult result)
    {
        var table = SweepTable.Of(
            "method", "transport", "ranks", "samples per second", "spread", "waiting", "sent per epoch", "messages per step");
        foreach (var row in result.Rows)
        {
            table.AddRow(
                row.Method, row.Transport, $"{row.Ranks}", $"{row.Throughput.Median:N0}",
                $"{row.Throughput.Lowest:N0} to {row.Throughput.Highest:N0}",
                $"{row.WaitingShare:0 %}", SweepTable.Bytes(row.BytesPerEpoch), $"{row.MessagesPerStep:0.0}");
        }

        BenchRun.Show(table);
    }

    // The second epoch: the first compiles and warms up.
    private static EpochResult EpochOf(Side side, TrainingOptions options, SyntheticData data, CancellationToken cancellationToken)
    {
        using var backend = Backend.Create(threads: side.Ranks);
        using var training = Trainings.Open(new TrainingSetup
        {
            Options = options with
            {
                Parallel = new ParallelTrainingOptions
                {
                    Method = side.Method, Transport = side.Transport, Workers = side.Ranks, LocalShare = 0,
                },
            },
            Data = data.Store,
            DataPath = data.Path,
            Backend = backend,
        });
        training.TrainEpoch(null, cancellationToken);
        return training.TrainEpoch(null, cancellationToken);
    }

    private static IEnumerable<Side> SidesOf() =>
        from method in new[] { ParallelMethod.Partitioned, ParallelMethod.Wasap }
        from transport in new[] { ParallelTransport.Threads, ParallelTransport.Mpi }
        where transport == ParallelTransport.Threads || Programs.HasMpi()
        from ranks in RankCounts
        select new Side(method, transport, ranks);

    private static ParallelRow Of(Side side, List<EpochResult> epochs)
    {
        var steps = epochs[0].Step / epochs[0].Epoch;
        var ranks = epochs.SelectMany(epoch => epoch.Ranks ?? []).ToArray();
        return new ParallelRow(
            RunName(side.Method), RunName(side.Transport), side.Ranks,
            new Rate(epochs.Select(epoch => epoch.SamplesPerSecond).ToArray()),
            ranks.Length == 0 ? 0 : epochs.Average(epoch => epoch.Ranks!.Average(rank => rank.WaitingShareOf(epoch))),
            ranks.Sum(rank => (double)rank.BytesSent) / epochs.Count,
            ranks.Sum(rank => (double)rank.MessagesSent) / epochs.Count / steps);
    }

    private static string RunName(Enum value) => value.ToString().ToLowerInvariant();

    private readonly record struct Side(ParallelMethod Method, ParallelTransport Transport, int Ranks);
}

internal sealed record ParallelResult(Origin Origin, string Network, IReadOnlyList<ParallelRow> Rows);

/// <param name="WaitingShare">Part of an epoch in which a rank waits for others, mean over ranks.</param>
/// <param name="BytesPerEpoch">Sent by all ranks together.</param>
internal sealed record ParallelRow(
    string Method, string Transport, int Ranks, Rate Throughput, double WaitingShare, double BytesPerEpoch, double MessagesPerStep);
