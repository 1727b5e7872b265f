using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;

namespace SparseService.Api.Tests;

/// <summary>A service with tight limits, of its own so that nobody else meets them.</summary>
public sealed class LimitTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keys_WrongTooOften_AreRefusedWithoutALook()
    {
        await using var service = await StartAsync(("Limits:FailedAttemptsPerMinute", "3"));
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await (await service.ClientWith($"sk_0000000{attempt}_" + new string('A', 43)).GetAsync("/v1/runs", Cancellation))
                .RefusalAsync(attempt < 2 ? 401 : 429, "Authorization");
        }

        var refused = await service.Admin.GetAsync("/v1/runs", Cancellation);
        await refused.RefusalAsync(429, "Authorization");
        Assert.Equal("60", refused.Headers.GetValues("Retry-After").Single());
        Assert.Equal(HttpStatusCode.OK, (await service.Anonymous.GetAsync("/health/live", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Requests_TooManyOfOneKey_AreRefusedAndOthersAreNot()
    {
        await using var service = await StartAsync(("Limits:RequestBurst", "5"), ("Limits:RequestsPerSecond", "1"));
        var answers = new List<HttpResponseMessage>();
        for (var request = 0; request < 12; request++)
        {
            answers.Add(await service.Viewer.GetAsync("/v1/workers", Cancellation));
        }

        var refused = answers.First(answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        await refused.RefusalAsync(429, "requests");
        Assert.Equal(HttpStatusCode.OK, (await service.Submitter.GetAsync("/v1/workers", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task LastAdminKey_Revoked_IsRefused()
    {
        await using var service = await StartAsync();
        var first = (Guid)(await (await service.Admin.GetAsync("/v1/keys/self", Cancellation)).JsonAsync())["id"]!;
        await (await service.Admin.PostAsync($"/v1/keys/{first}/revoke", null, Cancellation)).RefusalAsync(409, "id");
        var second = await (await service.Admin.PostAsJsonAsync("/v1/keys", new { name = "second", role = "admin" }, Cancellation))
            .JsonAsync(HttpStatusCode.Created);
        Assert.Equal(HttpStatusCode.OK, (await service.Admin.PostAsync($"/v1/keys/{first}/revoke", null, Cancellation)).StatusCode);
        var remaining = service.ClientWith((string)second["secret"]!);
        await (await remaining.PostAsync($"/v1/keys/{second["key"]!["id"]}/revoke", null, Cancellation)).RefusalAsync(409, "id");
    }

    [Fact]
    public async Task RunsAndMemory_BeyondTheirLimits_AreRefused()
    {
        await using var service = await StartAsync(
            ("Limits:UnfinishedRuns", "1"), ("Limits:TrainingBytes", "3000000"), ("Worker:InProcess", "false"));
        await service.Submitter.GlyphsAsync("tiny glyphs");
        var large = JsonNode.Parse(
            RunTests.Spec("large").ToJsonString().Replace("[784,20,10]", "[784,20000,10]", StringComparison.Ordinal))!;
        await (await service.Submitter.PostAsync("/v1/runs", RunTests.Json(large), Cancellation)).RefusalAsync(422, "$.training.network");
        var one = await (await SendWithKeyAsync(service)).JsonAsync(HttpStatusCode.Created);
        await (await service.Submitter.PostAsync("/v1/runs", RunTests.Json(RunTests.Spec("two")), Cancellation)).RefusalAsync(409, "runs");
        Assert.Equal(1, await service.InDatabaseAsync(db => db.Runs.CountAsync()));

        // A request that is sent again is answered as it was, whatever the limits say by now.
        Assert.Equal(one.Id(), (await (await SendWithKeyAsync(service)).JsonAsync(HttpStatusCode.Created)).Id());
    }

    [Fact]
    public async Task PredictionStreams_BeyondBytesOrTime_AreRefused()
    {
        await using var service = await StartAsync(("Limits:PredictStreamBytes", "20000"), ("Limits:PredictSeconds", "2"));
        await service.Submitter.GlyphsAsync("tiny glyphs");
        var path = $"/v1/models/{(await TrainedRun.TrainAsync(service))["modelId"]}/predict";
        using var large = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(new byte[20 * 784 * 4]) };
        large.Content.Headers.ContentType = new("application/octet-stream");
        large.Headers.Accept.Add(new("application/x-ndjson"));
        await (await service.Viewer.SendAsync(large, Cancellation)).RefusalAsync(413, "Content-Length");

        using var slow = await DuplexCall.StartAsync(service, path, "application/octet-stream", bytes: 20_000);
        await slow.SendAsync(new byte[784 * 4]);
        Assert.Contains("probabilities", await slow.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Contains("at most 2 s", await slow.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Null(await slow.ReadLineAsync());
    }

    [Fact]
    public async Task LiveConnections_BeyondTheirLimits_AreRefused()
    {
        await using var service = await StartAsync(
            ("Limits:LiveConnections", "3"), ("Limits:LiveConnectionsPerKey", "2"), ("Limits:HubSubscriptions", "1"),
            ("Worker:InProcess", "false"));
        await service.Submitter.GlyphsAsync("tiny glyphs");
        var runs = new List<Guid>();
        foreach (var name in new[] { "one", "two" })
        {
            var run = await service.Submitter.PostAsync("/v1/runs", RunTests.Json(RunTests.Spec(name)), Cancellation);
            runs.Add((await run.JsonAsync(HttpStatusCode.Created)).Id());
        }

        await using var hub = await HubClient.ConnectAsync(service, service.ViewerKey, Cancellation);
        await hub.InvokeAsync("Subscribe", runs[0], 0L, Cancellation);
        await Assert.ThrowsAsync<HubException>(() => hub.InvokeAsync("Subscribe", runs[1], 0L, Cancellation));

        var stream = await StreamAsync(service.Viewer, runs[0]);
        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        await (await StreamAsync(service.Viewer, runs[0])).RefusalAsync(429, "connections");
        using var other = await StreamAsync(service.Submitter, runs[0]);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        await (await StreamAsync(service.Admin, runs[0])).RefusalAsync(429, "connections");

        // Who leaves makes room.
        stream.Dispose();
        while (true)
        {
            using var next = await StreamAsync(service.Viewer, runs[0]);
            if (next.StatusCode == HttpStatusCode.OK)
            {
                break;
            }

            await Task.Delay(20, Cancellation);
        }
    }

    [Fact]
    public async Task SecondStart_OnTheSameDatabase_MakesNoSecondAdminKey()
    {
        await using var service = await StartAsync();
        Assert.Null(await service.PrepareAgainAsync());
    }

    [Fact]
    public async Task HostileUploadsAndSpecs_Refused_LeaveNoRowsBehind()
    {
        await using var service = await StartAsync(("Worker:InProcess", "false"));
        foreach (var text in new[] { "a,b\n1\n", "a,label\nNaN,x\n1,y\n", "\0\u0001\u0002" })
        {
            var upload = await service.Submitter.UploadAsync(Uploading.Text(text));
            var response = await service.Submitter.CreateDatasetAsync("hostile", "csv", ("train", upload));
            Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
            await service.Submitter.DeleteAsync($"/v1/uploads/{upload}", Cancellation);
        }

        await (await service.Submitter.PostAsync("/v1/runs", RunTests.Json(RunTests.Spec("none")), Cancellation))
            .RefusalAsync(422, "$.dataset.name");
        var rows = await service.InDatabaseAsync(async db =>
            await db.Uploads.CountAsync() + await db.UploadParts.CountAsync() + await db.Datasets.CountAsync()
            + await db.Blobs.CountAsync() + await db.BlobChunks.CountAsync()
            + await db.Runs.CountAsync() + await db.IdempotencyKeys.CountAsync());
        Assert.Equal(0, rows);

        // And the service still works.
        var good = await service.Submitter.UploadAsync(Uploading.Text("a,label\n1,x\n2,y\n"));
        await (await service.Submitter.CreateDatasetAsync("good", "csv", ("train", good))).JsonAsync(HttpStatusCode.Created);
        Assert.Equal(0, await service.InDatabaseAsync(db => db.UploadParts.CountAsync()));
    }

    private static Task<HttpResponseMessage> StreamAsync(HttpClient client, Guid run) =>
        client.GetAsync($"/v1/runs/{run}/events/stream", HttpCompletionOption.ResponseHeadersRead, Cancellation);

    private static async Task<HttpResponseMessage> SendWithKeyAsync(ServiceFixture service)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/runs") { Content = RunTests.Json(RunTests.Spec("one")) };
        request.Headers.Add("Idempotency-Key", "one");
        return await service.Submitter.SendAsync(request, Cancellation);
    }

    private static async Task<ServiceFixture> StartAsync(params (string Name, string Value)[] settings)
    {
        var service = new ServiceFixture { IsShared = false };
        foreach (var (name, value) in settings)
        {
            service.Settings[name] = value;
        }

        await service.InitializeAsync();
        return service;
    }
}
