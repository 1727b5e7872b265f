using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using SparseService.Api.Runs;

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
        await WatchAsync(created.Id(), seen, message => message.Seq >= 3);
        await WatchAsync(
            created.Id(), seen, message => message.Payload.TryGetProperty("state", out var state) && state.GetString() == "succeeded");

        var last = (await Feed.ReadAsync(service, created.Id(), after: 0))[^1].Seq;
        Assert.Equal(Enumerable.Range(1, (int)last).Select(seq => (long)seq), seen.Select(message => message.Seq));
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

    // Collects events until one of them is enough, then drops the connection.
    private async Task WatchAsync(Guid run, ConcurrentQueue<RunEventMessage> seen, Func<RunEventMessage, bool> isEnough)
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
        await connection.InvokeAsync("Subscribe", run, seen.IsEmpty ? 0L : seen.Last().Seq, Cancellation);
        await enough.Task.WaitAsync(Patience, Cancellation);
        await connection.DisposeAsync();
    }
}
