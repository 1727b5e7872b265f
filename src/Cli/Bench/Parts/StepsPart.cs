using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Parts;

/// <summary>Training steps of one network, from a moment that is the same for several processes.</summary>
internal sealed class StepsPart : Part<Throughput?>
{
    public const string PartName = "part-steps";

    private const int Rows = 5_000;
    private const double WarmUpSeconds = 0.5;

    // Not measured, after the start: threads that slept until then come together first.
    private const double SettleSeconds = 1;

    private readonly Option<string?> spec = Text("--spec", "FILE", "What to train; data are random.");
    private readonly Option<int?> threads = Number("--threads", 1, "Threads of the kernels (1).");
    private readonly Option<int?> milliseconds = Number("--milliseconds", 1, "How long to train (1000).");
    private readonly Option<string?> start = Text("--start", "TICKS", "UTC moment to begin at; at once without it.");

    public StepsPart()
        : base(PartName, "Training steps, for `threads`.")
    {
        foreach (var option in new Option[] { spec, threads, milliseconds, start })
        {
            Options.Add(option);
        }
    }

    /// <returns>Null when it was not ready at the given moment.</returns>
    public static Task<Throughput?> RunAsync(
        string spec, int threads, TimeSpan duration, DateTimeOffset start, CancellationToken cancellationToken) =>
        StartAsync(
            PartName,
            [
                "--spec", spec, "--threads", $"{threads}", "--milliseconds", $"{duration.TotalMilliseconds:0}",
                "--start", start.UtcTicks.ToString(CultureInfo.InvariantCulture),
            ],
            cancellationToken);

    protected override async Task<Throughput?> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var options = RunSpecJson.Parse(await File.ReadAllBytesAsync(arguments.GetValue(spec)!, cancellationToken)).Training;
        var layers = options.Network.Layers;
        using var backend = Backend.Create(threads: arguments.GetValue(threads) ?? 1);
        using var data = new SyntheticData(layers[0], layers[^1], Rows, options.BatchSize);
        using var own = new OwnSteps(options, data.Store, backend);
        own.Run(WarmUpSeconds, 3);
        if (arguments.GetValue(start) is { } ticks)
        {
            var moment = new DateTimeOffset(long.Parse(ticks, CultureInfo.InvariantCulture), TimeSpan.Zero);
            var wait = moment - TimeProvider.System.GetUtcNow();
            if (wait < TimeSpan.Zero)
            {
                return null;
            }

            await Task.Delay(wait, cancellationToken);
            own.Run(SettleSeconds, 1);
        }

        var started = Stopwatch.GetTimestamp();
        var steps = own.Run((arguments.GetValue(milliseconds) ?? 1000) / 1000.0, 1);
        return new Throughput(steps.Count * options.BatchSize / Stopwatch.GetElapsedTime(started).TotalSeconds, steps.Count);
    }
}

internal sealed record Throughput(double SamplesPerSecond, int Steps);
