using System.CommandLine;
using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Runs;
using SparseService.Client.Verbs;

namespace SparseService.Client.Topologies;

/// <summary><c>sparse topology preview SPEC</c>: what a spec would cost.</summary>
internal sealed class PreviewVerb : ClientVerb
{
    private readonly Argument<string> spec = new("SPEC") { Description = SpecFile.Description };
    private readonly Option<string?> dataset = Text(
        "--dataset", "DATASET", "Checks the spec against this dataset and forecasts the time of an epoch.");

    public PreviewVerb()
        : base(
            "preview", "Forecasts connections, memory and time of a spec, without training it.",
            "./sparse topology preview deploy/examples/glyphs.json",
            "./sparse topology preview spec.json --dataset fashion-mnist --json | jq .trainingBytes")
    {
        Arguments.Add(spec);
        Add(dataset);
    }

    protected override async Task<int> RunAsync(Call call, CancellationToken cancellationToken)
    {
        var body = await SpecFile.ReadAsync(call.Arguments.GetRequiredValue(spec), cancellationToken);
        var query = "";
        if (call.Arguments.GetValue(dataset) is { } word)
        {
            query = $"?datasetId={(await new Lookup(call.Client).DatasetAsync(word, cancellationToken)).Id()}";
        }

        var forecast = await call.Client.PostAsync($"v1/topologies/preview{query}", body, cancellationToken);
        return call.Show(forecast, () => Print(forecast));
    }

    private static void Print(JsonElement forecast)
    {
        var table = new Table(">layer", ">inputs", ">outputs", ">connections", ">density");
        foreach (var layer in forecast.Items("layers"))
        {
            table.Add(
                $"{layer.Whole("layer")}", Words.Count(layer.Number("inputs")), Words.Count(layer.Number("outputs")),
                Words.Count(layer.Number("nnz")), Words.Share(layer.Number("density")));
        }

        table.Write();
        Console.WriteLine();
        var facts = new Facts();
        var (nnz, dense) = (Words.Count(forecast.Number("nnz")), Words.Count(forecast.Number("denseParameters")));
        facts.Add("connections", $"{nnz} of {dense} in the dense twin ({Words.Share(forecast.Number("density"))})");
        var (bytes, denseBytes) = (Words.Bytes(forecast.Number("modelBytes")), Words.Bytes(forecast.Number("denseModelBytes")));
        facts.Add("model", $"{bytes}; the dense twin {denseBytes}");
        facts.Add("memory to train", Words.Bytes(forecast.Number("trainingBytes")));
        facts.Add("an epoch", forecast.Number("secondsPerEpoch") is { } seconds
            ? $"about {Words.Duration(seconds)} ({forecast.Number("flopsPerEpoch") / 1e9:0.0} GFLOP)"
            : null);
        facts.Write();
    }
}
