using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using SparseService.Cli.Hosting;
using SparseService.Cli.Machine;
using SparseService.Client.Connection;
using SparseService.Client.Watching;
using SparseService.Engine.Inference;
using SparseService.Engine.Kernels;
using SparseService.Persistence.Entities;
using Spectre.Console;

namespace SparseService.Cli.Bench.Predict;

/// <summary><c>sparse bench predict</c>: the service asked for predictions over HTTP on loopback, and the engine's part in it.</summary>
internal sealed class PredictBench : Benchmark<PredictResult>
{
    private const int Features = 784;
    private const string Json = "application/json";
    private const string Ndjson = "application/x-ndjson";
    private const string Floats = "application/octet-stream";

    private static readonly int[] EngineRows = [1, 2, 3, 4, 8];
    private static readonly int[] CallRows = [1, 32, 1000];

    public PredictBench()
        : base(
            "predict",
            "Latency of POST /v1/models/{id}/predict at 1, 32 and 1,000 rows on loopback, with the engine's share, and rows a second of a "
            + "stream; the engine's way for few rows against minibatches.",
            "about 1 minute", 5,
            "./sparse bench predict")
    {
    }

    protected override async Task<PredictResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        // One caller as fast as it can is what is measured, not what one key may.
        Environment.SetEnvironmentVariable("Limits__RequestsPerSecond", "1000000");
        Environment.SetEnvironmentVariable("Limits__RequestBurst", "1000000");
        using var temporary = new TemporaryFolder();
        var folder = DataFolder.At(temporary.Path);
        await using var database = await Database.OpenAsync(folder, cancellationToken);
        await using var service = await ServiceHost.StartAsync(
            database, folder, "http://127.0.0.1:0", withWorker: true, LogLevel.Error, cancellationToken);
        var key = service.FirstKey ?? await service.CreateKeyAsync("bench", ApiRole.Submitter, cancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri(service.Address) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        var layers = run.Quick ? "[784, 100, 10]" : "[784, 1000, 1000, 1000, 10]";
        var (model, rows) = await TrainAsync(new Credentials(service.Address, key), layers, run.Quick, cancellationToken);

        var file = await http.GetByteArrayAsync(new Uri($"v1/models/{model}/content", UriKind.Relative), cancellationToken);
        using var backend = Backend.Create(threads: 1);
        using var engine = SparseModel.Load(new MemoryStream(file), backend);
        var points = EngineRows.Select(count => Engine(engine, rows, count, run.Rounds)).ToList();

        using var time = new EngineTime();
        var path = new Uri($"v1/models/{model}/predict", UriKind.Relative);
        var calls = new List<CallPoint>();
        foreach (var count in CallRows)
        {
            foreach (var format in (string[])[Json, Floats])
            {
                BenchRun.Say($"Calls of {count} rows, {format} …");
                calls.Add(await CallsAsync(http, path, format, rows, count, run, time, cancellationToken));
            }
        }

        var streams = new List<StreamPoint>();
        foreach (var format in (string[])[Ndjson, "text/csv", Floats])
        {
            BenchRun.Say($"A stream of {format} …");
            streams.Add(await StreamAsync(new Uri(http.BaseAddress, path), key, format, rows, run, time, cancellationToken));
        }

        var zeros = (double)rows.Sum(row => row.Count(value => value == 0)) / (rows.Length * Features);
        return new PredictResult(run.Origin, layers, engine.Nnz, zeros, points, calls, streams);
    }

    protected override void Print(PredictResult result)
    {
        static string Micro(double seconds) => (seconds * 1e6).ToString("N1", CultureInfo.InvariantCulture);
        var engine = new Table().AddColumns(
            "engine, rows", "one by one, µs", "together, µs", "as 128, µs", "together / one by one", "as 128 / one by one");
        foreach (var point in result.Engine)
        {
            engine.AddRow(
                $"{point.Rows}", Micro(point.OneByOne.Median), Micro(point.Together.Median), Micro(point.Padded.Median),
                $"{point.TogetherOverOneByOne:0.00}", $"{point.PaddedOverOneByOne:0.00}");
        }

        var calls = new Table().AddColumns("call, rows", "body", "median, µs", "p99, µs", "engine, µs", "engine's share");
        foreach (var point in result.Calls)
        {
            calls.AddRow(
                $"{point.Rows}", point.Format, Micro(point.Median), Micro(point.P99), Micro(point.EngineMedian),
                $"{point.EngineShare:0 %}");
        }

        var streams = new Table().AddColumns("stream", "rows", "rows/s", "engine's share", "memory, MiB");
        foreach (var point in result.Streams)
        {
            streams.AddRow(
                point.Format, $"{point.Rows:N0}", $"{point.RowsPerSecond:N0}", $"{point.EngineShare:0 %}",
                $"{point.MemoryBytes / 1048576.0:0.0}");
        }

        BenchRun.Show(engine);
        BenchRun.Show(calls);
        BenchRun.Show(streams);
    }

    private static async Task<(Guid Model, float[][] Rows)> TrainAsync(
        Credentials credentials, string layers, bool quick, CancellationToken cancellationToken)
    {
        var spec = $$"""
            {
              "dataset": { "generated": { "kind": "glyphs", "trainSamples": {{(quick ? 500 : 5000)}}, "testSamples": 200, "seed": 1 } },
              "training": { "epochs": {{(quick ? 1 : 3)}}, "batchSize": 32, "network":
                { "layers": {{layers}}, "topology": { "epsilon": 20 } } }
            }
            """;
        using var client = new ServiceClient(credentials);
        var id = (await client.PostAsync("v1/runs", JsonNode.Parse(spec), cancellationToken, Guid.NewGuid().ToString())).Id();
        await foreach (var (kind, message) in new RunFeed(client, id).FollowAsync(0, cancellationToken))
        {
            if (kind == "state" && message.GetProperty("payload").GetProperty("state").GetString() is "succeeded" or "failed")
            {
                break;
            }
        }

        var run = await client.GetAsync($"v1/runs/{id}", cancellationToken);
        var preview = await client.GetAsync($"v1/datasets/{run.Id("datasetId")}/preview?rows=20", cancellationToken);
        return (run.Id("modelId"), [.. preview.GetProperty("rows").EnumerateArray().Select(row =>
            row.GetProperty("features").EnumerateArray().Select(value => value.GetSingle()).ToArray())]);
    }

    private static EnginePoint Engine(SparseModel model, float[][] rows, int count, int rounds)
    {
        var (samples, padded) = (Numbers(rows, count), Numbers(rows, 128));
        var (outputs, paddedOutputs) = (new float[count * model.Outputs], new float[128 * model.Outputs]);
        var (oneByOne, together, as128) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            oneByOne.Add(Rounds.Time(1, () =>
            {
                for (var row = 0; row < count; row++)
                {
                    model.Predict(samples.AsSpan(row * Features, Features), outputs.AsSpan(row * model.Outputs, model.Outputs));
                }
            }).Median);
            together.Add(Rounds.Time(1, () => model.PredictPart(samples, outputs)).Median);
            as128.Add(Rounds.Time(1, () => model.PredictPart(padded, paddedOutputs)).Median);
        }

        return new EnginePoint(count, new Series(oneByOne), new Series(together), new Series(as128));
    }

    private static async Task<CallPoint> CallsAsync(
        HttpClient http, Uri path, string format, float[][] rows, int count, BenchRun run, EngineTime time,
        CancellationToken cancellationToken)
    {
        var body = format == Floats ? MemoryMarshal.AsBytes<float>(Numbers(rows, count)).ToArray() : JsonBody(rows, count);
        var calls = run.Quick ? 5 : Math.Max(40, (count == 1 ? 600 : 6000 / count) * run.Rounds);
        var (seconds, engine) = (new List<double>(), new List<double>());
        for (var call = -calls / 4; call < calls; call++)
        {
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(format) } };
            _ = time.Take();
            var started = Stopwatch.GetTimestamp();
            using var answer = await http.PostAsync(path, content, cancellationToken);
            var bytes = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
            if (!answer.IsSuccessStatusCode)
            {
                throw new CliFault($"The service refused a prediction: {Encoding.UTF8.GetString(bytes)}");
            }

            if (call >= 0)
            {
                seconds.Add(elapsed);
                engine.Add(time.Take().Sum());
            }
        }

        var sorted = seconds.Order().ToArray();
        return new CallPoint(
            format, count, calls, Series.MedianOf(seconds), sorted[(int)(0.99 * (sorted.Length - 1))], sorted[0], Series.MedianOf(engine),
            engine.Sum() / seconds.Sum());
    }

    private static async Task<StreamPoint> StreamAsync(
        Uri path, string key, string format, float[][] rows, BenchRun run, EngineTime time, CancellationToken cancellationToken)
    {
        var lines = rows.Select(row => Line(row, format)).ToArray();
        var count = run.Quick ? 200 : 100_000;
        var (seconds, engine, most) = (new List<double>(), 0.0, 0L);
        for (var round = 0; round < Math.Min(run.Rounds, 3); round++)
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            _ = time.Take();
            var started = Stopwatch.GetTimestamp();
            using var watch = new Timer(_ => most = Math.Max(most, GC.GetTotalMemory(false) - before), null, 100, 100);
            var answered = await StreamCall.RunAsync(path, path.AbsolutePath, key, format, lines, count, cancellationToken);
            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            engine += time.Take().Sum();
            if (answered != count)
            {
                throw new CliFault($"A stream of {count} rows was answered with {answered} lines.");
            }
        }

        var bytes = Enumerable.Range(0, count).Sum(row => (long)lines[row % lines.Length].Length);
        return new StreamPoint(format, count, new Series(seconds), bytes, engine / seconds.Sum(), most);
    }

    private static byte[] Line(float[] row, string format)
    {
        var text = string.Join(',', row.Select(value => value.ToString(CultureInfo.InvariantCulture)));
        return format switch
        {
            Floats => MemoryMarshal.AsBytes<float>(row).ToArray(),
            Ndjson => Encoding.ASCII.GetBytes($"[{text}]\n"),
            _ => Encoding.ASCII.GetBytes($"{text}\n"),
        };
    }

    private static float[] Numbers(float[][] rows, int count) =>
        [.. Enumerable.Range(0, count).SelectMany(row => rows[row % rows.Length])];

    private static byte[] JsonBody(float[][] rows, int count) => JsonSerializer.SerializeToUtf8Bytes(
        new { rows = Enumerable.Range(0, count).Select(row => rows[row % rows.Length]) });
}
