using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparseService.Cli.Training;
using SparseService.Client.Connection;
using SparseService.Client.Watching;
using SparseService.Engine.Training;

namespace SparseService.Cli.Demo;

/// <summary>Submits a run, follows it live, and asks its model for predictions: what any client of the service could do.</summary>
internal sealed class DemoRun(ServiceClient client, TrainOutput output)
{
    private const int PredictedRows = 5;

    /// <param name="specPath">A file of <c>deploy/examples</c>.</param>
    public async Task<JsonElement> SubmitAsync(
        string name, string specPath, Guid dataset, int epochs, CancellationToken cancellationToken)
    {
        var spec = JsonNode.Parse(await File.ReadAllTextAsync(specPath, cancellationToken))!;
        spec["name"] = $"{name} demo";
        spec["dataset"] = new JsonObject { ["id"] = dataset.ToString() };
        spec["training"]!["epochs"] = epochs;
        return await client.PostAsync("v1/runs", spec, cancellationToken, Guid.NewGuid().ToString());
    }

    /// <returns>The finished run.</returns>
    /// <exception cref="CliFault">The run did not succeed.</exception>
    public async Task<JsonElement> FollowAsync(Guid run, int epochs, CancellationToken cancellationToken)
    {
        try
        {
            await output.ShowAsync(epochs, () => ShowAsync(run, cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // Left alone it would go on at the service's next start, and the next demo would wait behind it.
            await client.PostAsync($"v1/runs/{run}/cancel", null, CancellationToken.None);
            Console.Error.WriteLine("Stopped; the run is cancelled.");
            throw;
        }

        var finished = await client.GetAsync($"v1/runs/{run}", cancellationToken);
        return finished.GetProperty("state").GetString() == "succeeded"
            ? finished
            : throw new CliFault(
                $"The run ended as {finished.Text("state")}: {finished.Text("message")}",
                finished.Text("state") == "cancelled" ? ExitCode.Cancelled : ExitCode.Failed);
    }

    /// <summary>Prints what the model makes of a few rows of its dataset.</summary>
    public async Task PredictAsync(Guid dataset, Guid model, CancellationToken cancellationToken)
    {
        var preview = await client.GetAsync($"v1/datasets/{dataset}/preview", cancellationToken);
        var rows = preview.GetProperty("rows").EnumerateArray().Take(PredictedRows).ToList();
        var watch = Stopwatch.StartNew();
        var answer = await client.PostAsync(
            $"v1/models/{model}/predict",
            new JsonObject { ["rows"] = new JsonArray([.. rows.Select(row => JsonNode.Parse(row.GetProperty("features").GetRawText()))]) },
            cancellationToken);
        output.Say($"Predictions for {rows.Count} rows, in {watch.Elapsed.TotalMilliseconds:0} ms:");
        foreach (var (row, prediction) in rows.Zip(answer.GetProperty("predictions").EnumerateArray()))
        {
            var probability = prediction.GetProperty("probabilities").EnumerateArray().Max(share => share.GetDouble());
            var (truth, guess) = (row.GetProperty("label").GetString(), prediction.GetProperty("class").GetString());
            output.Say($"  {truth,10} was taken for {guess} ({probability:0.0 %})");
        }
    }

    private async Task ShowAsync(Guid run, CancellationToken cancellationToken)
    {
        await foreach (var (kind, message) in new RunFeed(client, run).FollowAsync(0, cancellationToken))
        {
            switch (kind)
            {
                case "step":
                    output.Step(message.Deserialize<StepResult>(JsonSerializerOptions.Web));
                    break;
                case "epoch":
                    output.Epoch(message.GetProperty("payload").Deserialize<EpochNews>(JsonSerializerOptions.Web)!);
                    break;
            }
        }
    }
}
