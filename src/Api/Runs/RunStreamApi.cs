using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using SparseService.Jobs.Events;

namespace SparseService.Api.Runs;

/// <summary>A run's events as server-sent events: the same feed as the hub's, for CI and curl.</summary>
public static class RunStreamApi
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public static void MapRunStream(this RouteGroupBuilder runs) =>
        runs.MapGet("/{id:guid}/events/stream", Stream).WithName("streamRunEvents").Needs(ApiRole.Viewer).Refuses(400, 404)
            .WithMetadata(new KeyInQuery())
            .Produces<string>(200, "text/event-stream")
            .WithSummary("Follow a run")
            .WithDescription(
                "Every event behind after (or behind the header Last-Event-ID) comes once, with its sequence number as id; then live ones. "
                + "Events named step show progress inside an epoch and have no id. "
                + "The stream ends behind the event that says that the run is finished.");

    private static async Task<Results<ServerSentEventsResult<string>, ProblemResult>> Stream(
        Guid id, HttpRequest request, ClaimsPrincipal user, SparseDbContext db, RunEventTail tail, LiveConnections live,
        IDbContextFactory<SparseDbContext> contexts, IHostApplicationLifetime lifetime, CancellationToken cancellationToken, long after = 0)
    {
        var last = request.Headers["Last-Event-ID"].ToString();
        if (last.Length > 0 && !long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            return Refused.BadRequest(ApiFault.Of("Last-Event-ID", last, "a sequence number"));
        }

        if (after < 0)
        {
            return Refused.BadRequest(ApiFault.Of("after", after, "0 or a sequence number"));
        }

        if (!await db.Runs.AnyAsync(run => run.Id == id, cancellationToken))
        {
            return Refused.NotFound("run", id);
        }

        var keyId = user.KeyId();
        var response = request.HttpContext.Response;
        if (!live.TryOpen(keyId))
        {
            response.Headers.RetryAfter = "5";
            return Refused.Because(
                StatusCodes.Status429TooManyRequests, "Too many live connections are open.",
                ApiFault.Of("connections", "too many", "fewer live connections of this key, and over all keys"));
        }

        response.OnCompleted(() =>
        {
            live.Close(keyId);
            return Task.CompletedTask;
        });
        return TypedResults.ServerSentEvents(FollowAsync(id, after, tail, contexts, lifetime.ApplicationStopping, cancellationToken));
    }

    private static async IAsyncEnumerable<SseItem<string>> FollowAsync(
        Guid runId, long after, RunEventTail tail, IDbContextFactory<SparseDbContext> contexts, CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A service that stops ends its streams: the server would wait for them, and the clients come back with the last sequence number.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        // Events wait for a slow client; steps are dropped while they do.
        var events = Channel.CreateBounded<SseItem<string>>(8);
        var pumps = Task.WhenAll(
            PumpEventsAsync(runId, after, tail, contexts, events.Writer, end.Token), PumpStepsAsync(runId, tail, events.Writer, end.Token));
        try
        {
            yield return new SseItem<string>("", "hello"); // Tells proxies and clients at once that the stream is open.
            while (true)
            {
                var (more, item) = await NextAsync(events.Reader, cancellationToken);
                if (!more)
                {
                    yield break;
                }

                yield return item;
            }
        }
        finally
        {
            await end.CancelAsync();
            await ((Task)pumps).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<(bool More, SseItem<string> Item)> NextAsync(
        ChannelReader<SseItem<string>> items, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(KeepAlive);
        try
        {
            return await items.WaitToReadAsync(patience.Token) && items.TryRead(out var item) ? (true, item) : (false, default);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (true, new SseItem<string>("", "alive"));
        }
    }

    private static async Task PumpEventsAsync(
        Guid runId, long after, RunEventTail tail, IDbContextFactory<SparseDbContext> contexts,
        ChannelWriter<SseItem<string>> writer, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var row in tail.FollowAsync(runId, after, cancellationToken))
            {
                var message = JsonSerializer.Serialize(RunEventMessage.From(row), ApiJson.Options);
                var item = new SseItem<string>(message, EnumText.Of(row.Kind)) { EventId = row.Seq.ToString(CultureInfo.InvariantCulture) };
                await writer.WriteAsync(item, cancellationToken);
                // A checkpoint may be promoted when all is over: that event is the newest one then.
                if (row.Kind is RunEventKind.State or RunEventKind.Model && await IsLastAsync(row, contexts, cancellationToken))
                {
                    return;
                }
            }
        }
        finally
        {
            writer.TryComplete();
        }
    }

    private static async Task PumpStepsAsync(
        Guid runId, RunEventTail tail, ChannelWriter<SseItem<string>> writer, CancellationToken cancellationToken)
    {
        await foreach (var step in tail.FollowStepsAsync(runId, cancellationToken))
        {
            writer.TryWrite(new SseItem<string>(JsonSerializer.Serialize(StepMessage.From(step), ApiJson.Options), "step"));
        }
    }

    // A failed or cancelled run may have been resumed: only the newest event of a finished run is the last.
    private static async Task<bool> IsLastAsync(
        RunEvent row, IDbContextFactory<SparseDbContext> contexts, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Runs.AnyAsync(
            run => run.Id == row.RunId && run.LastEventSeq == row.Seq
                && (run.State == RunState.Succeeded || run.State == RunState.Failed || run.State == RunState.Cancelled),
            cancellationToken);
    }
}
