using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;

namespace SparseService.Api.Runs;

/// <summary>What the hub calls on a client.</summary>
public interface IRunClient
{
    /// <summary>Each event once and in order.</summary>
    Task RunEvent(RunEventMessage message);

    /// <summary>At most ten a second and run; old values are dropped.</summary>
    Task Step(StepMessage message);

    /// <summary>Rows of the list that changed, at most twice a second; of each run the newest.</summary>
    Task RunsChanged(RunsChangedMessage message);
}

/// <summary>
/// Runs, watched live. Replays from a sequence number, then goes on live; whoever reconnects subscribes again with the last one seen.
/// </summary>
internal sealed class RunsHub(SparseDbContext db, RunSubscriptions subscriptions, RunListFeed list, IOptions<ApiLimits> limits)
    : Hub<IRunClient>
{
    public const string Address = "/hubs/runs";

    public override Task OnConnectedAsync()
    {
        if (!subscriptions.TryConnect(Context.ConnectionId, Context.User!.KeyId()))
        {
            Context.Abort();
        }

        return base.OnConnectedAsync();
    }

    public override async Task OnDisconnectedAsync(Exception? exception)
    {
        list.Stop(Context.ConnectionId);
        await subscriptions.DisconnectAsync(Context.ConnectionId);
        await base.OnDisconnectedAsync(exception);
    }

    /// <summary>Follows a run behind a sequence number; a subscription that is there already is replaced.</summary>
    public async Task Subscribe(Guid runId, long afterSeq)
    {
        if (afterSeq < 0)
        {
            throw new HubException($"afterSeq is {afterSeq}; allowed: 0 or a sequence number");
        }

        if (!await db.Runs.AnyAsync(run => run.Id == runId, Context.ConnectionAborted))
        {
            throw new HubException($"runId is {runId}; allowed: the id of a run that exists");
        }

        if (!await subscriptions.StartAsync(Context.ConnectionId, runId, afterSeq, limits.Value.HubSubscriptions))
        {
            throw new HubException($"the connection follows too many runs; allowed: {limits.Value.HubSubscriptions}");
        }
    }

    public Task Unsubscribe(Guid runId) => subscriptions.StopAsync(Context.ConnectionId, runId);

    /// <summary>Follows the list of runs. Whoever reads the list after this call misses nothing.</summary>
    public void SubscribeList() => list.Start(Context.ConnectionId);

    public void UnsubscribeList() => list.Stop(Context.ConnectionId);
}
