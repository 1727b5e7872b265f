using System.Diagnostics.Metrics;
using SparseService.Api.Models.Predictions;

namespace SparseService.Cli.Bench.Predict;

/// <summary>Listens to what the service, in this process, measures of its engine.</summary>
internal sealed class EngineTime : IDisposable
{
    private readonly Lock gate = new();
    private readonly MeterListener listener = new();
    private List<double> seconds = [];

    public EngineTime()
    {
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Name == PredictionMeter.EngineDuration)
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) =>
        {
            lock (gate)
            {
                seconds.Add(value);
            }
        });
        listener.Start();
    }

    /// <summary>Seconds since the last call, one number for each strip of rows.</summary>
    public IReadOnlyList<double> Take()
    {
        lock (gate)
        {
            var taken = seconds;
            seconds = [];
            return taken;
        }
    }

    public void Dispose() => listener.Dispose();
}
