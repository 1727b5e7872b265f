using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace SparseService.Api.Models.Predictions;

/// <summary>What predictions measure of themselves; <c>/metrics</c> shows it.</summary>
public static class PredictionMeter
{
    public const string Name = "SparseService.Predictions";

    /// <summary>The histogram of the engine's share, in seconds.</summary>
    public const string EngineDuration = "sparse.predictions.engine.duration";

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Rows = Meter.CreateCounter<long>("sparse.predictions.rows", description: "Rows predicted.");

    private static readonly Histogram<double> Engine = Meter.CreateHistogram(
        EngineDuration, "s", "Time that the engine takes for the rows that are predicted together.", tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.1, 1] });

    internal static void Record(int rows, long started)
    {
        Rows.Add(rows);
        Engine.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
    }
}
