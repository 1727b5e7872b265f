using System.Text.Json;
using System.Text.Json.Serialization;

namespace SparseService.Cli.Training;

/// <summary>One JSON object a line and nothing else, each line at once.</summary>
internal sealed class JsonLines : TrainOutput
{
    // Unlike in specs, every field is always there: an accuracy that does not exist is null.
    private static readonly JsonSerializerOptions Json =
        new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.Never };

    public override void Epoch(EpochNews epoch) => Write(new
    {
        Event = "epoch",
        epoch.Epoch,
        epoch.Loss,
        epoch.TestLoss,
        epoch.TestAccuracy,
        epoch.Nnz,
        epoch.Density,
        epoch.TrainSeconds,
        epoch.EvolutionSeconds,
        epoch.TestSeconds,
        epoch.Ranks,
    });

    public override void Done(TrainSummary summary) => Write(new
    {
        Event = "done",
        summary.TestAccuracy,
        summary.BestTestAccuracy,
        summary.Nnz,
        summary.DenseParameters,
        summary.ModelBytes,
        summary.PeakMemoryBytes,
        summary.Seconds,
    });

    private static void Write<T>(T line)
    {
        Console.Out.WriteLine(JsonSerializer.Serialize(line, Json));
        Console.Out.Flush();
    }
}
