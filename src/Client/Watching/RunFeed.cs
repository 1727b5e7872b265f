using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using SparseService.Client.Connection;

namespace SparseService.Client.Watching;

/// <summary>Something new of a run.</summary>
/// <param name="Kind">As in docs/events.md, or <c>step</c>, or one of this class.</param>
/// <param name="Message">The event or the step as the service sent it; nothing for the kinds of this class.</param>
internal readonly record struct FeedItem(string Kind, JsonElement Message)
{
    /// <summary>The connection is gone and is looked for.</summary>
    public const string Lost = "lost";

    /// <summary>It is there again.</summary>
    public const string Back = "back";
}

/// <summary>
/// Every event of a run once, from its first to the one that ends it, and steps as they happen. A connection that breaks (the service is
/// restarted, a laptop sleeps) is made again behind the last sequence number seen.
/// </summary>
internal sealed class RunFeed(ServiceClient client, Guid run)
{
    // The service sends something at least every 15 seconds.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);

    public async IAsyncEnumerable<FeedItem> FollowAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (isLost, state) = (false, (string?)null);
        while (true)
        {
            using var quiet = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using var answer = await ConnectAsync(after, cancellationToken);
            if (isLost)
            {
                isLost = false;
                yield return new FeedItem(FeedItem.Back, default);
            }

            await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
            await using var items = SseParser.Create(stream).EnumerateAsync(quiet.Token).GetAsyncEnumerator(quiet.Token);
            while (await NextAsync(items, quiet, cancellationToken) is { } item)
            {
                if (long.TryParse(item.EventId, NumberStyles.None, CultureInfo.InvariantCulture, out var seq))
                {
                    after = seq;
                }

                if (item.Data.Length > 0)
                {
                    var message = JsonElement.Parse(item.Data);
                    state = item.EventType == "state" ? message.Find("payload")?.Text("state") : state;
                    yield return new FeedItem(item.EventType, message);
                }
            }

            if (IsFinished(state) && await IsOverAsync(after, cancellationToken))
            {
                yield break;
            }

            isLost = true;
            yield return new FeedItem(FeedItem.Lost, default);
        }
    }

    /// <summary>Whether a run in this state has had its last event, unless somebody resumes it.</summary>
    public static bool IsFinished(string? state) => state is "succeeded" or "failed" or "cancelled";

    // Null when the stream has ended, however it did.
    private static async Task<SseItem<string>?> NextAsync(
        IAsyncEnumerator<SseItem<string>> items, CancellationTokenSource quiet, CancellationToken cancellationToken)
    {
        quiet.CancelAfter(Silence);
        try
        {
            return await items.MoveNextAsync() ? items.Current : null;
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException
            || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private async Task<HttpResponseMessage> ConnectAsync(long after, CancellationToken cancellationToken) =>
        await InsistAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(
                    HttpMethod.Get, $"v1/runs/{run}/events/stream?after={after.ToString(CultureInfo.InvariantCulture)}");
                return await client.OpenOnceAsync(request, cancellationToken);
            },
            cancellationToken);

    private async Task<bool> IsOverAsync(long after, CancellationToken cancellationToken)
    {
        using var answer = await InsistAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/runs/{run}");
                return await client.OpenOnceAsync(request, cancellationToken);
            },
            cancellationToken);
        var now = JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
        return IsFinished(now.Text("state")) && now.Whole("lastEventSeq") <= after;
    }

    // A service that is being restarted refuses, or answers through a proxy that it is not there; it may take its time.
    private async Task<HttpResponseMessage> InsistAsync(Func<Task<HttpResponseMessage>> ask, CancellationToken cancellationToken)
    {
        var (watch, pause) = (System.Diagnostics.Stopwatch.StartNew(), TimeSpan.FromMilliseconds(100));
        while (true)
        {
            try
            {
                var answer = await ask();
                if (answer.IsSuccessStatusCode)
                {
                    return answer;
                }

                using (answer)
                {
                    if ((int)answer.StatusCode < 500 && answer.StatusCode != HttpStatusCode.TooManyRequests)
                    {
                        throw await ProblemText.ReadAsync(answer, cancellationToken);
                    }

                    if (watch.Elapsed > Patience)
                    {
                        throw await ProblemText.ReadAsync(answer, cancellationToken);
                    }
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException)
            {
                if (watch.Elapsed > Patience)
                {
                    throw client.NotReachable(fault);
                }
            }

            await Task.Delay(pause, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }
}
