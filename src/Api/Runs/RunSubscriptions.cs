using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging;
using SparseService.Jobs.Events;

namespace SparseService.Api.Runs;

/// <summary>
/// Which live connection follows which runs. Every subscription has its own pump, so that a slow client delays nobody but itself.
/// </summary>
internal sealed class RunSubscriptions(
    IHubContext<RunsHub, IRunClient> hub, RunEventTail tail, LiveConnections live, ILogger<RunSubscriptions> logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, Connection> connections = new();

    public bool TryConnect(string connectionId, Guid keyId)
    {
        if (!live.TryOpen(keyId))
        {
            return false;
        }

        connections[connectionId] = new Connection(keyId);
        return true;
    }

    public async Task DisconnectAsync(string connectionId)
    {
        if (connections.TryRemove(connectionId, out var connection))
        {
            try
            {
                await connection.EndAsync();
            }
            finally
            {
                live.Close(connection.KeyId);
            }
        }
    }

    public async Task<bool> StartAsync(string connectionId, Guid runId, long afterSeq, int limit)
    {
        if (!connections.TryGetValue(connectionId, out var connection))
        {
            return true; // Gone meanwhile: nobody waits for an answer.
        }

        await connection.StopAsync(runId);
        return connection.TryStart(runId, limit, token => PumpAsync(hub.Clients.Client(connectionId), runId, afterSeq, token));
    }

    public Task StopAsync(string connectionId, Guid runId) =>
        connections.TryGetValue(connectionId, out var connection) ? connection.StopAsync(runId) : Task.CompletedTask;

    private async Task PumpAsync(IRunClient client, Guid runId, long afterSeq, CancellationToken cancellationToken)
    {
        // Before the first await of the replay: a run may finish its only epoch while old events are still being read.
        var steps = PumpStepsAsync(client, runId, cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var row in tail.FollowAsync(runId, afterSeq, cancellationToken))
                {
                    await client.RunEvent(RunEventMessage.From(row));
                    afterSeq = row.Seq;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception) when (exception is DbException or InvalidOperationException or TimeoutException)
            {
                // The client cannot tell a quiet run from a feed that broke off: go on behind the last event it has.
                logger.LogWarning(exception, "The live feed of run {RunId} broke off; it is taken up again", runId);
                await Task.Delay(RetryAfter, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await steps.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task PumpStepsAsync(IRunClient client, Guid runId, CancellationToken cancellationToken)
    {
        await foreach (var step in tail.FollowStepsAsync(runId, cancellationToken))
        {
            await client.Step(StepMessage.From(step));
        }
    }

    private sealed class Connection(Guid keyId)
    {
        private readonly Lock gate = new();
        private readonly Dictionary<Guid, (CancellationTokenSource Stop, Task Pump)> pumps = [];
        private bool ended;

        public Guid KeyId { get; } = keyId;

        public bool TryStart(Guid runId, int limit, Func<CancellationToken, Task> pump)
        {
            lock (gate)
            {
                if (ended)
                {
                    return true;
                }

                if (pumps.Count >= limit || pumps.ContainsKey(runId))
                {
                    return false;
                }

                var stop = new CancellationTokenSource();
                pumps[runId] = (stop, pump(stop.Token));
                return true;
            }
        }

        public async Task StopAsync(Guid runId)
        {
            (CancellationTokenSource Stop, Task Pump) found;
            lock (gate)
            {
                if (!pumps.Remove(runId, out found))
                {
                    return;
                }
            }

            await found.Stop.CancelAsync();
            await found.Pump;
            found.Stop.Dispose();
        }

        public async Task EndAsync()
        {
            List<Guid> runs;
            lock (gate)
            {
                ended = true;
                runs = [.. pumps.Keys];
            }

            foreach (var run in runs)
            {
                await StopAsync(run);
            }
        }
    }
}
