using Microsoft.EntityFrameworkCore;
using SparseService.Persistence.Entities;

namespace SparseService.Api.Tests;

public sealed class RunTests(ServiceFixture service)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>What is changed in a good spec (dotted path = JSON value), which path the refusal names, and the status.</summary>
    public static TheoryData<string, string, string, int> BadSpecs => new()
    {
        { "training", "null", "$.training", 400 },
        { "training.epochs", "0", "$.training.epochs", 400 },
        { "training.epochs", "1000000", "$.training.epochs", 400 },
        { "training.epochs", "\"ten\"", "$.training.epochs", 400 },
        { "training.epochs", "1.5", "$.training.epochs", 400 },
        { "training.batchSize", "0", "$.training.batchSize", 400 },
        { "training.batchSize", "61", "$.training.batchSize", 422 },
        { "training.seed", "-1", "$.training.seed", 400 },
        { "training.dropout", "1", "$.training.dropout", 400 },
        { "training.loss", "\"hinge\"", "$.training.loss", 400 },
        { "training.loss", "\"squaredError\"", "$.training.loss", 422 },
        { "training.network.layers", "[784]", "$.training.network.layers", 400 },
        { "training.network.layers", "[784, 0, 10]", "$.training.network.layers[1]", 400 },
        { "training.network.layers", "[783, 20, 10]", "$.training.network.layers[0]", 422 },
        { "training.network.layers", "[784, 20, 11]", "$.training.network.layers[2]", 422 },
        { "training.network.topology.epsilon", "-3", "$.training.network.topology.epsilon", 400 },
        { "training.network.topology.kind", "\"dense\"", "$.training.network.topology.kind", 400 },
        { "training.optimizer.learningRate", "0", "$.training.optimizer.learningRate", 400 },
        { "training.optimizer.momentum", "1", "$.training.optimizer.momentum", 400 },
        { "training.optimizer.kind", "1", "$.training.optimizer.kind", 400 },
        { "training.evolution.dropFraction", "1.5", "$.training.evolution.dropFraction", 400 },
        { "training.checkpoints.keep", "0", "$.training.checkpoints.keep", 400 },
        { "training.leaseEpoch", "7", "$.training.leaseEpoch", 400 },
        { "state", "\"succeeded\"", "$.state", 400 },
        { "name", "\"\"", "$.name", 400 },
        { "name", "\"a\\u0000b\"", "$.name", 400 },
        { "labels", "{\"a\": \"\\u0000\"}", "$.labels.a", 400 },
        { "dataset", "{\"name\": \"a\\u0000\"}", "$.dataset.name", 400 },
        { "labels", "{\"a\": 1}", "$.labels.a", 400 },
        { "dataset", "null", "$.dataset", 400 },
        { "dataset", "{\"id\": \"0199b6f0-0000-7000-8000-000000000000\"}", "$.dataset.id", 422 },
        { "dataset", "{\"name\": \"nothing of this name\"}", "$.dataset.name", 422 },
        { "dataset", "{\"id\": \"../../etc/passwd\"}", "$.dataset.id", 400 },
        { "dataset", "{\"generated\": {\"kind\": \"noise\"}}", "$.dataset.generated.kind", 400 },
        { "dataset", "{\"generated\": {\"kind\": \"glyphs\", \"trainSamples\": 0}}", "$.dataset.generated.trainSamples", 400 },
    };

    public static TheoryData<string, string, string> BadQueries => new()
    {
        { "/v1/runs?limit=0", "limit", "400" },
        { "/v1/runs?limit=201", "limit", "400" },
        { "/v1/runs?limit=ten", "limit", "400" },
        { "/v1/runs?cursor=abc", "cursor", "400" },
        { "/v1/runs?cursor=%252e%252e%252f", "cursor", "400" },
        { "/v1/runs?state=done", "state", "400" },
        { "/v1/runs?label=team", "label", "400" },
        { "/v1/runs?dataset=1", "dataset", "400" },
        { "/v1/runs?owner=me", "owner", "400" },
        { "/v1/runs?createdAfter=yesterday", "createdAfter", "400" },
        { "/v1/runs?state=", "state", "400" },
        { "/v1/runs?name=%00", "name", "400" },
        { "/v1/runs?label=a%00=b", "label", "400" },
        { "/v1/datasets?name=%00", "name", "400" },
        { "/v1/runs/%I/metrics?series=loss%00", "series", "400" },
        { "/v1/runs/%I/events/stream?access_token=sk_%00", "access_token", "400" },
        { "/v1/datasets?limit=-1", "limit", "400" },
        { "/v1/models?cursor=!", "cursor", "400" },
        { "/v1/runs/%I/events?after=-1", "after", "400" },
        { "/v1/runs/%I/events?limit=5000", "limit", "400" },
        { "/v1/runs/%I/events/stream?after=-2", "after", "400" },
        { "/v1/runs/%I/metrics?maxPoints=1", "maxPoints", "400" },
        { "/v1/runs/%I/metrics?maxPoints=1000000", "maxPoints", "400" },
        { "/v1/runs/%I/metrics?from=0", "from", "400" },
        { "/v1/runs/%I/metrics?from=5&to=4", "to", "400" },
        { "/v1/runs/%I/metrics?series=,", "series", "400" },
        { "/v1/runs/%I/metrics", "id", "404" },
        { "/v1/runs/%I/statistics?epoch=x", "epoch", "400" },
        { "/v1/runs/%I", "id", "404" },
        { "/v1/runs/1", "path", "404" },
        { "/v1/runs/..%2f..%2fetc%2fpasswd", "path", "404" },
        { "/v1/runs/%252e%252e%252fetc", "path", "404" },
        { "/v1/models/;..%5c..%5c/content", "path", "404" },
        { "/v1/checkpoints/C:%5cwindows/content", "path", "404" },
        { "/v1/nothing", "path", "404" },
    };

    [Theory, MemberData(nameof(BadSpecs))]
    public async Task Create_BadSpec_NamesPathValueAndAllowed(string changed, string value, string path, int status)
    {
        var spec = Spec($"bad {changed}");
        Set(spec, changed, JsonNode.Parse(value));
        await (await service.Submitter.PostAsync("/v1/runs", Json(spec), Cancellation)).RefusalAsync(status, path);
        Assert.False(await service.InDatabaseAsync(db => db.Runs.AnyAsync(run => run.Name == $"bad {changed}")));
    }

    [Theory, MemberData(nameof(BadQueries))]
    public async Task Get_BadAddress_NamesParameterValueAndAllowed(string address, string path, string status)
    {
        var id = Guid.NewGuid().ToString();
        var response = await service.Viewer.GetAsync(address.Replace("%I", id, StringComparison.Ordinal), Cancellation);
        await response.RefusalAsync(int.Parse(status), path);
    }

    [Fact]
    public async Task Request_WrongMethodMediaTypeOrSize_IsRefused()
    {
        await (await service.Admin.PutAsync("/v1/runs", Json(Spec("x")), Cancellation)).RefusalAsync(405, "method");
        await (
            await service.Admin.PostAsync(
                "/v1/runs", new StringContent("{}", Encoding.UTF8, "text/plain"), Cancellation)).RefusalAsync(415, "Content-Type");
        var large = new { fileName = new string('x', 100_000), bytes = 1, sha256 = "" };
        await (await service.Admin.PostAsJsonAsync("/v1/uploads", large, Cancellation)).RefusalAsync(413, "Content-Length");
        await (
            await service.Admin.PostAsync(
                "/v1/runs", new StringContent("{\"a\":", Encoding.UTF8, "application/json"), Cancellation)).RefusalAsync(400, "$");
    }

    [Fact]
    public async Task Create_NetworkOfATrillionParameters_IsRefused()
    {
        var spec = Spec("trillion");
        Set(spec, "training.network.layers", JsonNode.Parse("[784, 100000000, 100000000, 10]"));
        Set(spec, "training.network.topology", JsonNode.Parse("""{ "kind": "uniform", "density": 0.0001 }"""));
        var response = await service.Submitter.PostAsync("/v1/runs", Json(spec), Cancellation);
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!;
        await response.RefusalAsync((int)problem["status"]!, (string)problem["errors"]![0]!["path"]!);
    }

    [Fact]
    public async Task Create_SameKeyManyTimesAtOnce_IsOneRun()
    {
        await service.Submitter.GlyphsAsync("idempotent");
        var body = Spec("idempotent", dataset: "idempotent", epochs: 1).ToJsonString();
        var key = Guid.NewGuid().ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(body, key)));
        var runs = await Task.WhenAll(answers.Select(answer => answer.JsonAsync(HttpStatusCode.Created)));

        var id = Assert.Single(runs.Select(run => run.Id()).Distinct());
        Assert.Equal(1, await service.InDatabaseAsync(db => db.Runs.CountAsync(run => run.Name == "idempotent")));
        Assert.All(answers, answer => Assert.Equal($"/v1/runs/{id}", answer.Headers.Location?.ToString()));
        await (
            await SendAsync(
                body.Replace("\"epochs\":1", "\"epochs\":2", StringComparison.Ordinal), key)).RefusalAsync(409, "Idempotency-Key");
        await (await SendAsync(body, new string('k', 256))).RefusalAsync(400, "Idempotency-Key");
    }

    [Fact]
    public async Task Create_Generated_MakesTheDatasetOnce()
    {
        var spec = Spec("generated");
        spec["dataset"] = JsonNode.Parse("""{ "generated": { "kind": "glyphs", "trainSamples": 64, "testSamples": 16, "seed": 9 } }""");
        var first = await (await service.Submitter.PostAsync("/v1/runs", Json(spec), Cancellation)).JsonAsync(HttpStatusCode.Created);
        var second = await (await service.Submitter.PostAsync("/v1/runs", Json(spec), Cancellation)).JsonAsync(HttpStatusCode.Created);
        Assert.Equal((Guid)first["datasetId"]!, (Guid)second["datasetId"]!);
        await (await service.Submitter.DeleteAsync($"/v1/datasets/{first["datasetId"]}", Cancellation)).RefusalAsync(409, "runs");
    }

    [Fact]
    public async Task Steer_OfAnotherKey_IsForbiddenAndByStateDecided()
    {
        var run = await CreatePausedAsync("steered");
        var other = service.ClientWith(await service.CreateKeyAsync("someone else", ApiRole.Submitter));
        foreach (var verb in new[] { "cancel", "pause", "resume" })
        {
            await (await other.PostAsync($"/v1/runs/{run}/{verb}", null, Cancellation)).RefusalAsync(403, "id");
        }

        await (await other.DeleteAsync($"/v1/runs/{run}", Cancellation)).RefusalAsync(403, "id");
        await (await service.Submitter.DeleteAsync($"/v1/runs/{run}", Cancellation)).RefusalAsync(409, "state");

        var cancelled = await (await service.Admin.PostAsync($"/v1/runs/{run}/cancel", null, Cancellation)).JsonAsync();
        Assert.Equal(("cancelled", "user"), ((string?)cancelled["state"], (string?)cancelled["reason"]));
        await (await service.Submitter.PostAsync($"/v1/runs/{run}/pause", null, Cancellation)).RefusalAsync(409, "state");
        Assert.Equal(HttpStatusCode.NoContent, (await service.Submitter.DeleteAsync($"/v1/runs/{run}", Cancellation)).StatusCode);
        await (await service.Submitter.GetAsync($"/v1/runs/{run}", Cancellation)).RefusalAsync(404, "id");
    }

    [Fact]
    public async Task List_WithFilters_ShowsWhatFits()
    {
        var run = await CreatePausedAsync("filter 100% me", """{ "team": "vision", "tier": "a=b" }""");
        var before = DateTimeOffset.UnixEpoch.ToString("O").Replace("+", "%2B", StringComparison.Ordinal);
        foreach (var (query, isIn) in new[]
        {
            ("state=paused", true), (
                "state=running,paused", true), ("state=failed", false), ("label=team=vision", true), ("label=tier=a=b", true),
            ("label=team=vision&label=tier=x", false), ("name=100%25", true), ("name=100_", false), ("name=FILTER", true),
            ($"createdAfter={before}", true), ($"createdBefore={before}", false), ($"owner={Guid.NewGuid()}", false),
        })
        {
            var page = await (await service.Viewer.GetAsync($"/v1/runs?limit=200&{query}", Cancellation)).JsonAsync();
            Assert.True(isIn == page["items"]!.AsArray().Any(item => item!.Id() == run), query);
        }
    }

    [Fact]
    public async Task Preview_OfSpec_ForecastsWithoutTraining()
    {
        var runs = await service.InDatabaseAsync(db => db.Runs.CountAsync());
        var spec = Spec("forecast");
        spec.AsObject().Remove("dataset");
        var forecast = await (await service.Viewer.PostAsync("/v1/topologies/preview", Json(spec), Cancellation)).JsonAsync();
        Assert.Equal(2, forecast["layers"]!.AsArray().Count);
        Assert.InRange((double)forecast["density"]!, 0.01, 0.99);
        Assert.True((long)forecast["modelBytes"]! < (long)forecast["denseModelBytes"]!);
        Set(spec, "training.network.layers", JsonNode.Parse("[784, -1, 10]"));
        await (
            await service.Viewer.PostAsync(
                "/v1/topologies/preview", Json(spec), Cancellation)).RefusalAsync(400, "$.training.network.layers[1]");
        Assert.True(runs <= await service.InDatabaseAsync(db => db.Runs.CountAsync()));
    }

    [Fact]
    public async Task Metrics_OfALongSeries_AreThinnedButKeepPeaksAndEnds()
    {
        var run = await CreatePausedAsync("long series");
        await service.InDatabaseAsync(db => db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO run_metrics (run_id, series, step, value)
            SELECT {run}, 'probe', s, CASE s WHEN 31337 THEN 99 WHEN 77777 THEN -99 ELSE sin(s) END FROM generate_series(1, 100000) s
            """));
        var metrics = await (
            await service.Viewer.GetAsync($"/v1/runs/{run}/metrics?series=probe,none&maxPoints=200", Cancellation)).JsonAsync();
        var points = metrics["probe"]!.AsArray().Select(point => ((long)point!["step"]!, (double)point["value"]!)).ToList();
        Assert.Empty(metrics["none"]!.AsArray());
        Assert.InRange(points.Count, 100, 200);
        Assert.Contains((31337, 99.0), points);
        Assert.Contains((77777, -99.0), points);
        Assert.Equal((1, 100000), (points[0].Item1, points[^1].Item1));
        Assert.Equal(points.OrderBy(point => point.Item1), points);

        var few = await (await service.Viewer.GetAsync($"/v1/runs/{run}/metrics?series=probe&from=10&to=19", Cancellation)).JsonAsync();
        Assert.Equal(10, few["probe"]!.AsArray().Count);
    }

    internal static JsonNode Spec(string name, string dataset = "tiny glyphs", int epochs = 2) => JsonNode.Parse(
        $$"""
        {
          "name": "{{name}}", "dataset": { "name": "{{dataset}}" },
          "training": {
            "seed": 1, "epochs": {{epochs}}, "batchSize": 10,
            "network": { "layers": [784, 20, 10], "topology": { "epsilon": 5 } },
            "optimizer": { "kind": "sgd", "learningRate": 0.01 },
            "evolution": { "dropFraction": 0.3 }, "checkpoints": { "keep": 5 }
          }
        }
        """)!;

    internal static StringContent Json(JsonNode node) => new(node.ToJsonString(), Encoding.UTF8, "application/json");

    private static void Set(JsonNode root, string path, JsonNode? value)
    {
        var names = path.Split('.');
        names[..^1].Aggregate(root, (node, name) => node[name]!)[names[^1]] = value;
    }

    private Task<HttpResponseMessage> SendAsync(string body, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/runs") { Content = new StringContent(
            body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return service.Submitter.SendAsync(request, Cancellation);
    }

    // Far from the end and then paused: no worker brings it into another state meanwhile.
    private async Task<Guid> CreatePausedAsync(string name, string labels = "{}")
    {
        var spec = Spec(name, epochs: 100_000);
        spec["labels"] = JsonNode.Parse(labels);
        var run = await (await service.Submitter.PostAsync("/v1/runs", Json(spec), Cancellation)).JsonAsync(HttpStatusCode.Created);
        await (await service.Submitter.PostAsync($"/v1/runs/{run.Id()}/pause", null, Cancellation)).JsonAsync();
        for (var state = ""; state != "paused";)
        {
            await Task.Delay(20, Cancellation);
            state = (string)(await (await service.Viewer.GetAsync($"/v1/runs/{run.Id()}", Cancellation)).JsonAsync())["state"]!;
        }

        return run.Id();
    }
}
