using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using SparseService.Api.Runs;
using SparseService.Persistence.Entities;

namespace SparseService.Api.Tests;

public sealed class LiveTests(ServiceFixture service, TrainedRun trained)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stream_OfARun_GivesEveryEventOnceAndEnds()
    {
        var run = await trained.GetAsync(service);
        var all = await Feed.ReadAsync(service, run.Id(), after: 0);
        Assert.Equal(Enumerable.Range(1, all.Count).Select(seq => (long)seq), all.Select(item => item.Seq));
        Assert.Equal(3, all.Count(item => item.Kind == "epoch"));
        Assert.Equal("succeeded", (string?)all[^1].Message["payload"]!["state"]);
        Assert.All(all, item => Assert.Equal(run.Id(), (Guid)item.Message["runId"]!));

        // Dropped after two events, and back with the last number seen, as EventSource does it.
        var before = await Feed.ReadAsync(service, run.Id(), after: 0, most: 2);
        var rest = await Feed.ReadAsync(service, run.Id(), before[^1].Seq, asHeader: true);
        Assert.Equal(all.Select(item => item.Seq), before.Concat(rest).Select(item => item.Seq));

        var page = await (await service.Viewer.GetAsync($"/v1/runs/{run.Id()}/events?after=1&limit=2", Cancellation)).JsonAsync();
        Assert.Equal([2, 3], page["items"]!.AsArray().Select(item => (long)item!["seq"]!));
        Assert.True((bool)page["more"]!);
    }

    [Fact]
    public async Task Hub_ClientThatDropsAndReturns_SeesEachEventOnce()
    {
        var spec = RunTests.Spec("watched", epochs: 6);
        var created = await (
            await service.Submitter.PostAsync("/v1/runs", RunTests.Json(spec), Cancellation)).JsonAsync(HttpStatusCode.Created);
        var seen = new ConcurrentQueue<RunEventMessage>();
        await WatchAsync(service, created.Id(), seen, message => message.Seq >= 3);
        await WatchAsync(service, created.Id(), seen, IsSuccess);

        var last = (await Feed.ReadAsync(service, created.Id(), after: 0))[^1].Seq;
        Assert.Equal(Enumerable.Range(1, (int)last).Select(seq => (long)seq), seen.Select(message => message.Seq));
    }

    [Fact]
    public async Task OtherNode_OfARunTrainedHere_ShowsEveryEventOnce()
    {
        await using var other = new ServiceFixture { IsShared = false, Beside = service };
        await other.InitializeAsync();
        var created = await (await other.Submitter.PostAsync(
            "/v1/runs", RunTests.Json(RunTests.Spec("elsewhere", epochs: 3)), Cancellation))
            .JsonAsync(HttpStatusCode.Created);
        var seen = new ConcurrentQueue<RunEventMessage>();
        var hub = WatchAsync(other, created.Id(), seen, IsSuccess);
        var stream = await Feed.ReadAsync(other, created.Id(), after: 0);
        await hub;
        Assert.Equal(Enumerable.Range(1, stream.Count).Select(seq => (long)seq), stream.Select(item => item.Seq));
        Assert.Equal(stream.Select(item => item.Seq), seen.Select(message => message.Seq));
    }

    [Fact]
    public async Task Steps_OfAFastRun_AreShownAtMostTenTimesASecond()
    {
        var created = await (
            await service.Submitter.PostAsync("/v1/runs", RunTests.Json(RunTests.Spec("fast steps", epochs: 40)), Cancellation))
            .JsonAsync(HttpStatusCode.Created);
        var steps = 0;
        var watch = Stopwatch.StartNew();
        var seen = new ConcurrentQueue<RunEventMessage>();
        await WatchAsync(service, created.Id(), seen, IsSuccess, () => Interlocked.Increment(ref steps));
        Assert.InRange(steps, 1, (watch.Elapsed.TotalSeconds * 10) + 1);
        Assert.Equal(40, seen.Count(message => message.Kind == RunEventKind.Epoch));
    }

    [Fact]
    public async Task Hub_WithoutKeyOrWithBadArguments_Refuses()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => HubClient.ConnectAsync(service, "sk_wrong", Cancellation));
        await using var connection = await HubClient.ConnectAsync(service, service.ViewerKey, Cancellation);
        await Assert.ThrowsAsync<HubException>(() => connection.InvokeAsync("Subscribe", Guid.NewGuid(), 0L, Cancellation));
        var run = (await trained.GetAsync(service)).Id();
        await Assert.ThrowsAsync<HubException>(() => connection.InvokeAsync("Subscribe", run, -1L, Cancellation));
        await connection.InvokeAsync("Subscribe", run, 0L, Cancellation);
        await connection.InvokeAsync("Unsubscribe", run, Cancellation);
    }

    private static bool IsSuccess(RunEventMessage message) =>
        message.Payload.TryGetProperty("state", out var state) && state.GetString() == "succeeded";

    // Collects events until one of them is enough, then drops the connection.
    private static async Task WatchAsync(
        ServiceFixture service, Guid run, ConcurrentQueue<RunEventMessage> seen, Func<RunEventMessage, bool> isEnough,
        Action? onStep = null)
    {
        var enough = new TaskCompletionSource();
        var connection = await HubClient.ConnectAsync(service, service.ViewerKey, Cancellation);
        connection.On<RunEventMessage>("RunEvent", message =>
        {
            if (enough.Task.IsCompleted)
            {
                return;
            }

            seen.Enqueue(message);
            if (isEnough(message))
            {
                enough.SetResult();
            }
        });
        connection.On<StepMessage>("Step", _ => onStep?.Invoke());
        await connection.InvokeAsync("Subscribe", run, seen.IsEmpty ? 0L : seen.Last().Seq, Cancellation);
        await enough.Task.WaitAsync(Patience, Cancellation);
        await connection.DisposeAsync();
    }
}
