using System.Diagnostics.Metrics;

namespace SparseService.Api.Metrics;

/// <summary>One instrument with one set of tags: a number, or the buckets of a histogram.</summary>
internal sealed class MeterSeries(string labels, double[]? bounds)
{
    private readonly Lock gate = new();
    private readonly long[] buckets = new long[(bounds?.Length ?? 0) + 1];
    private double sum;
    private long count;

    /// <summary>As between the braces of the text format, e.g. <c>method="GET",status="200"</c>.</summary>
    public string Labels { get; } = labels;

    public void Add(double value)
    {
        lock (gate)
        {
            sum += value;
        }
    }

    public void Set(double value)
    {
        lock (gate)
        {
            sum = value;
        }
    }

    public void Observe(double value)
    {
        // The first bound that is not below the value: Prometheus counts a value on a bound into that bound's bucket.
        var place = Array.BinarySearch(bounds!, value);
        lock (gate)
        {
            buckets[place < 0 ? ~place : place]++;
            sum += value;
            count++;
        }
    }

    public (double Sum, long Count, long[] Buckets) Read()
    {
        lock (gate)
        {
            return (sum, count, [.. buckets]);
        }
    }
}

internal enum MeterKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>An instrument and its series.</summary>
internal sealed class MeterFamily(Instrument instrument, MeterKind kind)
{
    // Histograms of seconds get the framework's advice; the rest these, wide enough for bytes and counts.
    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
    private const int MostSeries = 500;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, MeterSeries> series = new(StringComparer.Ordinal);

    public string Name { get; } = PrometheusText.Name(instrument.Name, instrument.Unit, kind);

    public string Help { get; } = instrument.Description ?? instrument.Name;

    public MeterKind Kind { get; } = kind;

    public double[]? Bounds { get; } = kind == MeterKind.Histogram ? AdvisedBounds(instrument) : null;

    /// <summary>Whether nothing was measured yet.</summary>
    public bool IsEmpty => series.IsEmpty;

    /// <summary>Ordered by labels, so that two scrapes look alike.</summary>
    public IEnumerable<MeterSeries> Series => series.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => entry.Value);

    /// <summary>
    /// Null when the instrument has too many sets of tags already: a client must not fill the memory by making up addresses.
    /// </summary>
    public MeterSeries? For(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = PrometheusText.Labels(tags);
        return series.TryGetValue(labels, out var known) ? known
            : series.Count >= MostSeries ? null
            : series.GetOrAdd(labels, static (key, bounds) => new MeterSeries(key, bounds), Bounds);
    }

    private static double[] AdvisedBounds(Instrument instrument)
    {
        var advised = instrument switch
        {
            Histogram<double> histogram => histogram.Advice?.HistogramBucketBoundaries?.ToArray(),
            Histogram<long> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(bound => (double)bound).ToArray(),
            Histogram<int> histogram => histogram.Advice?.HistogramBucketBoundaries?.Select(bound => (double)bound).ToArray(),
            _ => null,
        };
        return advised is { Length: > 0 } ? advised : DefaultBounds;
    }
}
