using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace SparseService.Cli.Bench.Live;

/// <summary>A SignalR client of the hub, as small as its JSON protocol allows: text frames, each message ends with 0x1E.</summary>
internal sealed class HubClient : IDisposable
{
    private const char EndOfMessage = '\u001e';

    private readonly ClientWebSocket socket = new();
    private readonly byte[] buffer = new byte[64 << 10];
    private readonly StringBuilder pending = new();

    public static async Task<HubClient> ConnectAsync(string address, string key, CancellationToken cancellationToken)
    {
        var client = new HubClient();
        var uri = new UriBuilder($"{address}/hubs/runs") { Scheme = "ws", Query = $"access_token={key}" }.Uri;
        await client.socket.ConnectAsync(uri, cancellationToken);
        await client.SendAsync("""{"protocol":"json","version":1}""", cancellationToken);
        await client.NextAsync(cancellationToken); // The answer to the handshake is an empty object.
        return client;
    }

    public Task SubscribeAsync(Guid run, CancellationToken cancellationToken) =>
        SendAsync($$"""{"type":1,"invocationId":"1","target":"Subscribe","arguments":["{{run}}",0]}""", cancellationToken);

    /// <summary>Waits for the first message that carries a number of the training: a step, or an epoch's event.</summary>
    public async Task FirstMetricAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var message = await NextAsync(cancellationToken);
            var target = message.TryGetProperty("target", out var name) ? name.GetString() : null;
            if (target == "Step"
                || (target == "RunEvent" && message.GetProperty("arguments")[0].GetProperty("kind").GetString() == "epoch"))
            {
                return;
            }
        }
    }

    public void Dispose() => socket.Dispose();

    private Task SendAsync(string json, CancellationToken cancellationToken) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(json + EndOfMessage), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);

    private async Task<JsonElement> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var text = pending.ToString();
            var end = text.IndexOf(EndOfMessage, StringComparison.Ordinal);
            if (end >= 0)
            {
                pending.Remove(0, end + 1);
                return JsonElement.Parse(text[..end]);
            }

            var received = await socket.ReceiveAsync(buffer, cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                throw new CliFault($"The hub closed the connection: {received.CloseStatusDescription}");
            }

            pending.Append(Encoding.UTF8.GetString(buffer, 0, received.Count));
        }
    }
}
