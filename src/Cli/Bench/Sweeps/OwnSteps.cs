using System.Diagnostics;
using SparseService.Cli.Bench.Peers;
using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Sweeps;

/// <summary>
/// Training steps in this process: gather, forward, loss, backward, update. A next run goes on where the last one stopped.
/// </summary>
internal sealed class OwnSteps(TrainingOptions options, SampleStore data, Backend backend) : IDisposable
{
    private const double WarmUpSeconds = 0.2;

    private readonly Trainer trainer = Trainer.Create(Measured(options), data, backend);

    public long Nnz => trainer.Nnz;

    /// <summary>
    /// Multiply-adds of a step count as two: forward and weight gradient of every layer, input gradient of all but the first.
    /// </summary>
    public static double FlopsOf(TrainingOptions options) => RunForecast.Of(options, trainRows: options.BatchSize).FlopsPerEpoch!.Value;

    /// <summary>
    /// Trains for a moment, so that no measured step is among the first of a process: those run code that is not yet optimized.
    /// </summary>
    public static void WarmUp(IEnumerable<OwnSteps> all, bool quick)
    {
        foreach (var own in all)
        {
            own.Run(quick ? 0 : WarmUpSeconds, 3);
        }
    }

    /// <summary>Trains for so many seconds, and at least so many steps.</summary>
    /// <returns>Seconds of each step.</returns>
    public IReadOnlyList<double> Run(double seconds, int leastSteps)
    {
        var steps = new List<double>(1 << 20);
        using var end = new CancellationTokenSource();
        var started = Stopwatch.GetTimestamp();
        var last = started;
        try
        {
            while (true)
            {
                // Between two epochs lies a test, which is no part of a step.
                last = Stopwatch.GetTimestamp();
                trainer.TrainEpoch(Note, end.Token);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            return steps;
        }

        void Note(StepResult step)
        {
            var now = Stopwatch.GetTimestamp();
            steps.Add((double)(now - last) / Stopwatch.Frequency);
            last = now;
            if (steps.Count >= leastSteps && Stopwatch.GetElapsedTime(started, now).TotalSeconds >= seconds)
            {
                end.Cancel();
            }
        }
    }

    public void Dispose() => trainer.Dispose();

    // No evolution: it is no part of a step.
    private static TrainingOptions Measured(TrainingOptions options) =>
        BenchShape.Slowly(options) with { Epochs = 100_000, Evolution = null };
}
