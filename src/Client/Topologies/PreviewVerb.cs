using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    private readonly Option<int?> layer = Number("--layer", 1, "Draws this layer: where its connections lie, and its degrees.");

    public PreviewVerb()
        : base(
            "preview", "Forecasts connections, memory and time of a spec, without training it.",
            "./sparse topology preview deploy/examples/glyphs.json",
            "./sparse topology preview deploy/examples/glyphs.json --layer 1",
            "./sparse topology preview spec.json --dataset fashion-mnist --json | jq .trainingBytes")
    {
        Arguments.Add(spec);
        Add(dataset, layer);
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
        call.Show(forecast, () => Print(forecast));
        if (!call.Json && call.Arguments.GetValue(layer) is { } number)
        {
            await DrawAsync(call.Client, body, forecast, number, cancellationToken);
        }

        return ExitCode.Done;
    }

    private static async Task DrawAsync(
        ServiceClient client, JsonObject body, JsonElement forecast, int layer, CancellationToken cancellationToken)
    {
        var spy = await client.PostAsync($"v1/topologies/spy?layer={layer}&cells={TopologyPicture.Cells}", body, cancellationToken);
        Console.WriteLine();
        TopologyPicture.WriteSpy(spy);
        foreach (var drawn in forecast.Items("layers").Where(drawn => drawn.Whole("layer") == layer))
        {
            Console.WriteLine();
            TopologyPicture.WriteDegrees(drawn, "fanInHistogram", "outputs by the number of their inputs");
            Console.WriteLine();
            TopologyPicture.WriteDegrees(drawn, "fanOutHistogram", "inputs by the number of their outputs");
        }
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
        var (memory, denseMemory) = (Words.Bytes(forecast.Number("trainingBytes")), Words.Bytes(forecast.Number("denseTrainingBytes")));
        facts.Add("memory to train", $"{memory}; the dense twin {denseMemory}");
        facts.Add("an epoch", forecast.Number("secondsPerEpoch") is { } seconds
            ? $"about {Words.Duration(seconds)} ({forecast.Number("flopsPerEpoch") / 1e9:0.0} GFLOP)"
            : null);
        if (forecast.Find("parallel") is { ValueKind: JsonValueKind.Object } parallel)
        {
            var (step, epoch) = (parallel.Number("bytesPerStep"), parallel.Number("bytesPerEpoch"));
            facts.Add($"{parallel.Whole("workers")} workers", step == 0
                ? "share memory and exchange nothing"
                : $"exchange {Words.Bytes(step)} a step" + (epoch is null ? null : $", {Words.Bytes(epoch)} an epoch"));
        }

        facts.Write();
        foreach (var warning in forecast.Items("warnings"))
        {
            Console.Error.WriteLine(Words.Safe(
                $"Warning: {warning.Text("path")} is {warning.Text("value")}; a run needs: {warning.Text("allowed")}"));
        }
    }
}
