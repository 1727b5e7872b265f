using System.CommandLine;
using SparseService.Cli.Bench.Parts;
using SparseService.Cli.Bench.Peers;
using SparseService.Cli.Machine;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Sweeps;

/// <summary><c>sparse bench threads</c>: several threads on one network against as many processes with one thread each.</summary>
internal sealed class ThreadsBench : Benchmark<ThreadsResult>
{
    // Start of the runtime, data, network, warm-up. Who needs longer is waited for twice as long the next time.
    private static readonly TimeSpan Preparation = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestPreparation = TimeSpan.FromSeconds(48);

    private readonly Option<int?> threads = Number("--threads", 2, "Threads to compare with one (2).");

    public ThreadsBench()
        : base(
            "threads",
            "Samples per second of 3072-1024-1024-10, density 0.05, batch 100: one thread, several, and as many processes of one thread "
            + "side by side, which is the machine's own ceiling (virtual cores may share one).",
            "about 2 minutes", 5,
            "./sparse bench threads")
    {
        Options.Add(threads);
    }

    protected override async Task<ThreadsResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var count = run.Arguments.GetValue(threads) ?? 2;
        var duration = TimeSpan.FromSeconds(run.Quick ? 0.2 : 2);
        var options = BenchShape.Cifar10(0.05).Options;
        options = run.Quick ? options with { Network = options.Network with { Layers = [64, 100, 10] } } : options;
        using var folder = new TemporaryFolder();
        var spec = OwnTraining.WriteSpec(folder.Path, "spec", options);
        var (one, several, sideBySide) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 1; round <= run.Rounds; round++)
        {
            BenchRun.Say($"Round {round} of {run.Rounds} …");
            one.Add(await CoreLink.WhileNearAsync(() => SumAsync(processes: 1, threadsEach: 1)));
            several.Add(await CoreLink.WhileNearAsync(() => SumAsync(processes: 1, threadsEach: count)));
            sideBySide.Add(await CoreLink.WhileNearAsync(() => SumAsync(processes: count, threadsEach: 1)));
        }

        return new ThreadsResult(
            run.Origin, count, new Rate(one), new Rate(several), new Rate(sideBySide),
            Series.MedianOf(several) / Series.MedianOf(sideBySide), Series.MedianOf(several) / Series.MedianOf(one));

        async Task<double> SumAsync(int processes, int threadsEach)
        {
            for (var preparation = Preparation; preparation <= LongestPreparation; preparation *= 2)
            {
                var start = TimeProvider.System.GetUtcNow() + preparation;
                var rates = await Task.WhenAll(Enumerable.Range(0, processes).Select(
                    _ => StepsPart.RunAsync(spec, threadsEach, duration, start, cancellationToken)));
                if (rates.All(rate => rate is not null))
                {
                    return rates.Sum(rate => rate!.SamplesPerSecond);
                }
            }

            throw new CliFault($"The machine is too busy: nothing is ready to run in {LongestPreparation.TotalSeconds} s.");
        }
    }

    protected override void Print(ThreadsResult result)
    {
        var table = SweepTable.Of("", "samples per second", "spread", "seconds per 50,000");
        foreach (var (name, rate) in new[]
        {
            ("one process, one thread", result.OneThread),
            ($"one process, {result.Threads} threads", result.SeveralThreads),
            ($"{result.Threads} processes, one thread each, summed", result.SideBySide),
        })
        {
            table.AddRow(name, $"{rate.Median:N0}", $"{rate.Lowest:N0} to {rate.Highest:N0}", $"{50_000 / rate.Median:0.000}");
        }

        BenchRun.Show(table);
        Console.WriteLine(
            $"{result.Threads} threads are {result.OfOneThread:0.00} times one thread, and reach {result.OfCeiling:0 %} of the ceiling.");
    }
}

/// <param name="SideBySide">The machine's ceiling: summed over processes of one thread that run at the same time.</param>
/// <param name="OfCeiling">Several threads against that, medians.</param>
internal sealed record ThreadsResult(
    Origin Origin, int Threads, Rate OneThread, Rate SeveralThreads, Rate SideBySide, double OfCeiling, double OfOneThread);

/// <summary>Samples per second, one number per round.</summary>
internal sealed record Rate(IReadOnlyList<double> SamplesPerSecond)
{
    public double Median => Series.MedianOf(SamplesPerSecond);

    public double Lowest => SamplesPerSecond.Min();

    public double Highest => SamplesPerSecond.Max();
}
