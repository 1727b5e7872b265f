using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using SparseService.Cli.Hosting;
using SparseService.Cli.Machine;
using SparseService.Client.Connection;
using SparseService.Client.Watching;
using SparseService.Persistence.Entities;

namespace SparseService.Cli.Bench.Live;

/// <summary><c>sparse bench live-latency</c>: from the POST of a run to its first number at a SignalR client.</summary>
internal sealed class LiveLatency : Benchmark<LatencyResult>
{
    private const int WarmUps = 3;

    private const string Spec =
        """
        {
          "dataset": { "generated": { "kind": "glyphs", "trainSamples": 1000, "testSamples": 200, "seed": 1 } },
          "training": { "epochs": 2, "batchSize": 32, "network": { "layers": [784, 100, 10], "topology": { "epsilon": 5 } } }
        }
        """;

    public LiveLatency()
        : base(
            "live-latency", "From POST /v1/runs to the first live metric at a SignalR client, on a warm service.", "about 15 seconds", 21,
            "./sparse bench live-latency",
            "./sparse bench live-latency --rounds 51")
    {
    }

    protected override async Task<LatencyResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        using var temporary = new TemporaryFolder();
        var folder = DataFolder.At(temporary.Path);
        await using var database = await Database.OpenAsync(folder, cancellationToken);
        await using var service = await ServiceHost.StartAsync(
            database, folder, "http://127.0.0.1:0", withWorker: true, LogLevel.Error, cancellationToken);
        var key = service.FirstKey ?? await service.CreateKeyAsync("bench", ApiRole.Submitter, cancellationToken);
        var seconds = await MeasureAsync(service.Address, key, WarmUps + run.Rounds, cancellationToken);
        return new LatencyResult(run.Origin, new Series(seconds[WarmUps..]));
    }

    protected override void Print(LatencyResult result)
    {
        var latency = result.PostToFirstMetric;
        Console.WriteLine(
            $"POST to first live metric: median {latency.Median * 1000:F0} ms, fastest {latency.Fastest * 1000:F0} ms, "
            + $"slowest {latency.Slowest * 1000:F0} ms ({latency.Seconds.Count} runs)");
    }

    private static async Task<List<double>> MeasureAsync(string address, string key, int runs, CancellationToken cancellationToken)
    {
        using var client = new ServiceClient(new Credentials(address, key));
        var seconds = new List<double>();
        for (var run = 0; run < runs; run++)
        {
            using var hub = await HubClient.ConnectAsync(address, key, cancellationToken);
            var started = Stopwatch.GetTimestamp();
            var created = await client.PostAsync("v1/runs", JsonNode.Parse(Spec), cancellationToken, Guid.NewGuid().ToString());
            var id = created.GetProperty("id").GetGuid();
            await hub.SubscribeAsync(id, cancellationToken);
            await hub.FirstMetricAsync(cancellationToken);
            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            await EndAsync(client, id, cancellationToken);
        }

        return seconds;
    }

    // The next run must find an idle worker: a queue is not what is measured.
    private static async Task EndAsync(ServiceClient client, Guid run, CancellationToken cancellationToken)
    {
        await foreach (var (kind, message) in new RunFeed(client, run).FollowAsync(0, cancellationToken))
        {
            if (kind == "state" && message.GetProperty("payload").GetProperty("state").GetString() is "succeeded" or "failed")
            {
                return;
            }
        }
    }
}

internal sealed record LatencyResult(Origin Origin, Series PostToFirstMetric);
