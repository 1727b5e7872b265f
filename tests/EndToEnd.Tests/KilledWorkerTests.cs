using System.Text.Json;
using SparseService.Shared;

namespace SparseService.EndToEnd.Tests;

/// <summary>Real processes, killed for real, against what the engine alone makes of the same spec.</summary>
public sealed class KilledWorkerTests : IDisposable
{
    private const int Epochs = 250;

    private const string Spec =
        """
        {
          "name": "killed",
          "dataset": { "generated": { "kind": "glyphs", "trainSamples": 8000, "testSamples": 500, "seed": 3 } },
          "training": {
            "seed": 11, "epochs": 250, "batchSize": 32, "dropout": 0.2,
            "network": { "layers": [784, 800, 600, 10], "topology": { "epsilon": 10 }, "activation": { "kind": "allRelu" } },
            "pruning": { "startEpoch": 4, "everyEpochs": 50, "percentile": 5 },
            "checkpoints": { "everyEpochs": 2 }
          }
        }
        """;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sparse-system-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact(Timeout = 300_000), Trait("Size", "Long")]
    public async Task Worker_KilledTenTimesAtRandom_EndsWithTheWeightsOfAnUninterruptedTraining()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var database = await (await ThrowAwayPostgres.GetAsync()).CreateDatabaseAsync();
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Postgres"] = database.ConnectionString,
            ["Worker__LeaseSeconds"] = "1",
            ["Worker__PollSeconds"] = "0.1",
            ["Worker__MaxFaults"] = "100",
            ["Worker__CachePath"] = Path.Combine(folder.FullName, "cache"),
        };
        var address = ServiceProcess.FreeAddress();
        using var service = ServiceProcess.Start(
            settings, "serve", "--urls", address, "--no-worker", "--data-dir", Path.Combine(folder.FullName, "service"));
        using var client = await service.ConnectAsync(address, cancellation);
        var run = (await client.PostJsonAsync("/v1/runs", Spec, cancellation)).GetProperty("id").GetString()!;

        await KillTenWorkersAsync(client, run, settings, cancellation);
        var succeeded = await FinishAsync(client, run, settings, cancellation);

        var model = await client.GetByteArrayAsync($"/v1/models/{succeeded.GetProperty("modelId").GetString()}/content", cancellation);
        Assert.Equal(await TrainAloneAsync(settings, cancellation), model);
        await AssertHistoryAsync(client, run, cancellation);
    }

    private async Task KillTenWorkersAsync(
        HttpClient client, string run, Dictionary<string, string> settings, CancellationToken cancellation)
    {
        // Moments at random, but between claim and end: a kill of an idle worker proves nothing.
        var random = new Random(Seed: 5);
        for (var kill = 0; kill < 10; kill++)
        {
            using var worker = ServiceProcess.Start(settings, "worker", "--data-dir", Path.Combine(folder.FullName, "worker"));
            while (true)
            {
                var state = await client.GetJsonAsync($"/v1/runs/{run}", cancellation);
                Assert.False(worker.HasExited, $"The worker ended:\n{worker.Output}");
                Assert.NotEqual("succeeded", state.GetProperty("state").GetString()); // then the kills came too late to prove anything
                if (state.GetProperty("attempt").GetInt32() > kill)
                {
                    break;
                }

                await Task.Delay(20, cancellation);
            }

            await Task.Delay(random.Next(1000), cancellation);
            worker.Kill();
        }
    }

    private async Task<JsonElement> FinishAsync(
        HttpClient client, string run, Dictionary<string, string> settings, CancellationToken cancellation)
    {
        using var worker = ServiceProcess.Start(settings, "worker", "--data-dir", Path.Combine(folder.FullName, "worker"));
        while (true)
        {
            var state = await client.GetJsonAsync($"/v1/runs/{run}", cancellation);
            if (state.GetProperty("state").GetString() is "succeeded")
            {
                return state;
            }

            Assert.False(state.GetProperty("state").GetString() is "failed" || worker.HasExited, $"{state}\n{worker.Output}");
            await Task.Delay(100, cancellation);
        }
    }

    private async Task<byte[]> TrainAloneAsync(Dictionary<string, string> settings, CancellationToken cancellation)
    {
        var (spec, model) = (Path.Combine(folder.FullName, "spec.json"), Path.Combine(folder.FullName, "model.safetensors"));
        await File.WriteAllTextAsync(spec, Spec, cancellation);
        using var train = ServiceProcess.Start(settings, "train", spec, "--model", model, "--threads", "1");
        while (!train.HasExited)
        {
            await Task.Delay(100, cancellation);
        }

        return await File.ReadAllBytesAsync(model, cancellation);
    }

    private static async Task AssertHistoryAsync(HttpClient client, string run, CancellationToken cancellation)
    {
        var events = new List<JsonElement>();
        while (true)
        {
            var page = await client.GetJsonAsync($"/v1/runs/{run}/events?after={events.Count}&limit=100", cancellation);
            if (page.GetProperty("items").GetArrayLength() == 0)
            {
                break;
            }

            events.AddRange(page.GetProperty("items").EnumerateArray());
        }

        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(e => e.GetProperty("seq").GetInt32()));
        var epochs = events.Where(e => e.GetProperty("kind").GetString() == "epoch")
            .Select(e => e.GetProperty("payload").GetProperty("epoch").GetInt32());
        Assert.Equal(Enumerable.Range(1, Epochs), epochs);

        var metrics = await client.GetJsonAsync($"/v1/runs/{run}/metrics?series=loss,testAccuracy&maxPoints=1000", cancellation);
        foreach (var series in metrics.EnumerateObject())
        {
            Assert.Equal(Enumerable.Range(1, Epochs), series.Value.EnumerateArray().Select(point => point.GetProperty("step").GetInt32()));
        }
    }
}
