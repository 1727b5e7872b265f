using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace SparseService.Api.Metrics;

/// <summary>Listens to the meters of the framework, the database driver and ourselves from the start of the process.</summary>
internal sealed class MeterCollection : IDisposable
{
    private static readonly string[] Meters = ["Microsoft.AspNetCore.", "System.Runtime", "Npgsql", "SparseService."];
    private readonly ConcurrentDictionary<Instrument, MeterFamily> families = new();
    private readonly MeterListener listener = new();
    private readonly Lock scrape = new();

    public MeterCollection()
    {
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (Meters.Any(name => instrument.Meter.Name.StartsWith(name, StringComparison.Ordinal)))
            {
                listening.EnableMeasurementEvents(
                    instrument, families.GetOrAdd(instrument, static key => new MeterFamily(key, KindOf(key))));
            }
        };
        Listen<double>();
        Listen<float>();
        Listen<long>();
        Listen<int>();
        Listen<short>();
        Listen<byte>();
        Listen<decimal>();
        listener.Start();
    }

    public void WriteTo(StringBuilder text)
    {
        lock (scrape)
        {
            listener.RecordObservableInstruments();
        }

        // Two instruments of one name (two hosts in a test process) would be a malformed page: one that has measured something speaks.
        var speaking = families.Values.OrderBy(family => family.IsEmpty).DistinctBy(family => family.Name);
        foreach (var family in speaking.OrderBy(family => family.Name, StringComparer.Ordinal))
        {
            PrometheusText.Write(text, family);
        }
    }

    public void Dispose() => listener.Dispose();

    private void Listen<T>()
        where T : struct =>
        listener.SetMeasurementEventCallback<T>((instrument, value, tags, state) =>
        {
            if (state is not MeterFamily family || family.For(tags) is not { } series)
            {
                return;
            }

            var number = Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture);
            if (family.Kind == MeterKind.Histogram)
            {
                series.Observe(number);
            }
            else if (instrument.IsObservable || IsGauge(instrument))
            {
                series.Set(number);
            }
            else
            {
                series.Add(number);
            }
        });

    private static bool IsGauge(Instrument instrument) => Shape(instrument) is "Gauge`1";

    private static MeterKind KindOf(Instrument instrument) => Shape(instrument) switch
    {
        "Counter`1" or "ObservableCounter`1" => MeterKind.Counter,
        "Histogram`1" => MeterKind.Histogram,
        _ => MeterKind.Gauge,
    };

    private static string Shape(Instrument instrument) => instrument.GetType().GetGenericTypeDefinition().Name;
}
