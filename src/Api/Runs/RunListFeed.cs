using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SparseService.Jobs.Events;

namespace SparseService.Api.Runs;

/// <summary>
/// The list of runs, live: rows that changed are read once for all who watch, at most twice a second, and handed to each watcher's own
/// pump, so that a slow client delays nobody but itself. What waits for a client is bounded: beyond that it is told to read the list again.
/// </summary>
internal sealed class RunListFeed(
    RunEventTail tail, IDbContextFactory<SparseDbContext> contexts, IHubContext<RunsHub, IRunClient> hub, TimeProvider clock,
    ILogger<RunListFeed> logger) : BackgroundService
{
    private const int MostRows = 200;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<string, Watcher> watchers = new();

    public void Start(string connectionId) => watchers.GetOrAdd(connectionId, id => new Watcher(hub.Clients.Client(id)));

    public void Stop(string connectionId)
    {
        if (watchers.TryRemove(connectionId, out var watcher))
        {
            watcher.End();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var changes in tail.FollowChangesAsync(Interval, stoppingToken))
        {
            if (!watchers.IsEmpty)
            {
                var message = await ReadAsync(changes, stoppingToken);
                foreach (var watcher in watchers.Values)
                {
                    watcher.Post(message);
                }
            }
        }
    }

    private async Task<RunsChangedMessage> ReadAsync(ChangedRuns changes, CancellationToken cancellationToken)
    {
        if (changes.MayBeMore || changes.Ids.Count > MostRows)
        {
            return new RunsChangedMessage([], [], Reload: true);
        }

        try
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            var ids = changes.Ids;
            var runs = await db.Runs.AsNoTracking().Where(run => ids.Contains(run.Id)).ToListAsync(cancellationToken);
            var rows = await RunRows.ToResponsesAsync(runs, db, clock, cancellationToken);
            return new RunsChangedMessage(rows, [.. ids.Except(runs.Select(run => run.Id))], Reload: false);
        }
        catch (Exception exception) when (exception is DbException or InvalidOperationException or TimeoutException)
        {
            logger.LogWarning(exception, "Rows that changed could not be read; those who watch the list read it again");
            return new RunsChangedMessage([], [], Reload: true);
        }
    }

    /// <summary>What waits for one client: of each run the newest row.</summary>
    private sealed class Watcher
    {
        private readonly Lock gate = new();
        private readonly IRunClient client;
        private readonly Dictionary<Guid, RunResponse?> rows = [];
        private bool reload;
        private bool isSending;
        private bool ended;

        public Watcher(IRunClient client) => this.client = client;

        public void End()
        {
            lock (gate)
            {
                ended = true;
            }
        }

        public void Post(RunsChangedMessage message)
        {
            lock (gate)
            {
                message.Runs.ToList().ForEach(run => rows[run.Id] = run);
                message.Deleted.ToList().ForEach(id => rows[id] = null);
                reload |= message.Reload || rows.Count > MostRows;
                if (isSending || ended)
                {
                    return;
                }

                isSending = true;
            }

            _ = SendAsync();
        }

        private async Task SendAsync()
        {
            while (Take() is { } message)
            {
                try
                {
                    await client.RunsChanged(message);
                }
                catch (Exception exception)
                    when (exception is HubException or IOException or InvalidOperationException or OperationCanceledException)
                {
                    End(); // The connection is going; its end comes through the hub.
                }
            }
        }

        private RunsChangedMessage? Take()
        {
            lock (gate)
            {
                if (ended || (rows.Count == 0 && !reload))
                {
                    isSending = false;
                    return null;
                }

                var message = reload
                    ? new RunsChangedMessage([], [], Reload: true)
                    : new RunsChangedMessage(
                        [.. rows.Values.OfType<RunResponse>()], [.. rows.Where(row => row.Value is null).Select(row => row.Key)],
                        Reload: false);
                rows.Clear();
                reload = false;
                return message;
            }
        }
    }
}
