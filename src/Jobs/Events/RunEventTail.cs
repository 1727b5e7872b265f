using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using SparseService.Engine.Training;
using SparseService.Persistence;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Events;

/// <summary>
/// Follows runs live. One LISTEN connection per process rings; what is handed out is always read from the table, from the follower's own
/// sequence number on, so that nothing is missed or repeated, whatever happens to the connection.
/// </summary>
public sealed class RunEventTail(NpgsqlDataSource dataSource, IDbContextFactory<SparseDbContext> databases, ILogger<RunEventTail> logger) : BackgroundService
{
    private const int PageSize = 500;
    private static readonly TimeSpan StepInterval = TimeSpan.FromMilliseconds(100);
    // Only a safety net: a ring that was lost without the connection being lost.
    private static readonly TimeSpan LookAnyway = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Guid, Topic> topics = new();
    private readonly ConcurrentDictionary<ChangeCollection, bool> changes = new();

    /// <summary>Every event after a sequence number, oldest first, then live ones; ends only by cancellation.</summary>
    /// <param name="afterSeq">0 = from the beginning.</param>
    public async IAsyncEnumerable<RunEvent> FollowAsync(Guid runId, long afterSeq, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var doorbell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var subscription = Subscribe(runId, topic => topic.Doorbells, doorbell);
        while (true)
        {
            var page = await ReadAsync(runId, afterSeq, PageSize, cancellationToken);
            foreach (var runEvent in page)
            {
                yield return runEvent;
                afterSeq = runEvent.Seq;
            }

            if (page.Count < PageSize)
            {
                await WaitForRingAsync(doorbell.Reader, cancellationToken);
            }
        }
    }

    /// <summary>Progress inside epochs, at most ten a second; old values are dropped, nothing is replayed. Ends only by cancellation.</summary>
    public async IAsyncEnumerable<StepUpdate> FollowStepsAsync(Guid runId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var newest = Channel.CreateBounded<StepUpdate>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        using var subscription = Subscribe(runId, topic => topic.Steps, newest);
        await foreach (var step in newest.Reader.ReadAllAsync(cancellationToken))
        {
            yield return step;
            await Task.Delay(StepInterval, cancellationToken);
        }
    }

    /// <summary>Which runs change, over all of them, at most once an interval. Ends only by cancellation.</summary>
    public async IAsyncEnumerable<ChangedRuns> FollowChangesAsync(TimeSpan interval, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var collection = new ChangeCollection();
        changes[collection] = true;
        try
        {
            while (true)
            {
                yield return await collection.TakeAsync(cancellationToken);
                await Task.Delay(interval, cancellationToken);
            }
        }
        finally
        {
            changes.TryRemove(collection, out _);
        }
    }

    /// <summary>Events with a sequence number above <paramref name="afterSeq"/>, oldest first.</summary>
    public async Task<IReadOnlyList<RunEvent>> ReadAsync(Guid runId, long afterSeq, int limit, CancellationToken cancellationToken = default)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.RunEvents.AsNoTracking()
            .Where(e => e.RunId == runId && e.Seq > afterSeq)
            .OrderBy(e => e.Seq).Take(limit).ToListAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        new PostgresListener(dataSource, [Channels.RunEvents, Channels.RunSteps], OnNotification, RingAll, logger).RunAsync(stoppingToken);

    private static async Task WaitForRingAsync(ChannelReader<bool> doorbell, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(LookAnyway);
        try
        {
            await doorbell.ReadAsync(timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
        }
    }

    private void OnNotification(string channel, string payload)
    {
        if (channel == Channels.RunSteps)
        {
            var step = JsonSerializer.Deserialize<StepUpdate>(payload, RunSpecJson.Options)!;
            Publish(step.Run, topic => topic.Steps, step);
        }
        else if (Guid.TryParse(payload.AsSpan(0, Math.Max(0, payload.IndexOf(':', StringComparison.Ordinal))), CultureInfo.InvariantCulture, out var runId))
        {
            Publish(runId, topic => topic.Doorbells, true);
            foreach (var collection in changes.Keys)
            {
                collection.Note(runId);
            }
        }
    }

    private void RingAll()
    {
        foreach (var collection in changes.Keys)
        {
            collection.NoteAll();
        }

        foreach (var runId in topics.Keys)
        {
            Publish(runId, topic => topic.Doorbells, true);
        }
    }

    private void Publish<T>(Guid runId, Func<Topic, HashSet<Channel<T>>> listeners, T value)
    {
        if (topics.TryGetValue(runId, out var topic))
        {
            lock (topic)
            {
                foreach (var listener in listeners(topic))
                {
                    listener.Writer.TryWrite(value);
                }
            }
        }
    }

    private Subscription Subscribe<T>(Guid runId, Func<Topic, HashSet<Channel<T>>> listeners, Channel<T> listener)
    {
        while (true)
        {
            var topic = topics.GetOrAdd(runId, _ => new Topic());
            lock (topic)
            {
                if (!topic.Closed)
                {
                    listeners(topic).Add(listener);
                    return new Subscription(() => Unsubscribe(runId, topic, listeners, listener));
                }
            }
        }
    }

    private void Unsubscribe<T>(Guid runId, Topic topic, Func<Topic, HashSet<Channel<T>>> listeners, Channel<T> listener)
    {
        lock (topic)
        {
            listeners(topic).Remove(listener);
            if (topic.Doorbells.Count == 0 && topic.Steps.Count == 0)
            {
                topic.Closed = true;
                topics.TryRemove(runId, out _);
            }
        }
    }

    private sealed class Topic
    {
        public HashSet<Channel<bool>> Doorbells { get; } = [];

        public HashSet<Channel<StepUpdate>> Steps { get; } = [];

        /// <summary>Left the dictionary: who found it too late takes a new one.</summary>
        public bool Closed { get; set; }
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
