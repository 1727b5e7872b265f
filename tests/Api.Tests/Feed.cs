using System.Net.ServerSentEvents;

namespace SparseService.Api.Tests;

/// <summary>Reads a run's server-sent events.</summary>
internal static class Feed
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Everything up to the end of the stream, or up to a number of numbered events.</summary>
    public static async Task<List<(long Seq, string Kind, JsonNode Message)>> ReadAsync(
        ServiceFixture service, Guid run, long after, int most = int.MaxValue, bool asHeader = false)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        var query = asHeader ? "" : $"after={after}&";
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/runs/{run}/events/stream?{query}access_token={service.ViewerKey}");
        if (asHeader)
        {
            request.Headers.Add("Last-Event-ID", $"{after}");
        }

        using var response = await service.Anonymous.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var events = new List<(long, string, JsonNode)>();
        await using var stream = await response.Content.ReadAsStreamAsync(patience.Token);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(patience.Token))
        {
            if (item.EventType is "hello" or "alive" or "step")
            {
                continue;
            }

            events.Add((long.Parse(item.EventId!), item.EventType, JsonNode.Parse(item.Data)!));
            if (events.Count == most)
            {
                break;
            }
        }

        return events;
    }
}
