using System.Net.Sockets;

namespace SparseService.Api.Tests;

/// <summary>A request whose body is sent while its answer is read, as HttpClient cannot over HTTP/1.1.</summary>
internal sealed class DuplexCall : IDisposable
{
    private readonly TcpClient client = new();
    private NetworkStream stream = null!;
    private StreamReader reader = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="bytes">How many the body is said to have.</param>
    /// <remarks>HTTP/1.0: the answer ends with the connection, and nothing stands between its lines.</remarks>
    public static async Task<DuplexCall> StartAsync(ServiceFixture service, string path, string contentType, long bytes = 1L << 33)
    {
        var call = new DuplexCall();
        await call.client.ConnectAsync(service.Address.Host, service.Address.Port, Cancellation);
        call.stream = call.client.GetStream();
        call.reader = new StreamReader(call.stream, Encoding.UTF8);
        await call.stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"POST {path} HTTP/1.0\r\nHost: {service.Address.Authority}\r\nAuthorization: Bearer {service.ViewerKey}\r\n"
                + $"Content-Type: {contentType}\r\nAccept: application/x-ndjson\r\nContent-Length: {bytes}\r\n\r\n"),
            Cancellation);
        return call;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(byte[] bytes)
    {
        if (bytes.Length > 0)
        {
            await stream.WriteAsync(bytes, Cancellation);
        }
    }

    /// <returns>False when the other side has taken nothing for so long.</returns>
    public async Task<bool> TrySendAsync(byte[] bytes, TimeSpan patience)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        end.CancelAfter(patience);
        try
        {
            await stream.WriteAsync(bytes, end.Token);
            return true;
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>The answer's next line of JSON; null at its end.</summary>
    public async Task<string?> ReadLineAsync()
    {
        try
        {
            while (await reader.ReadLineAsync(Cancellation) is { } line)
            {
                if (line.StartsWith('{'))
                {
                    return line;
                }
            }
        }
        catch (IOException)
        {
            // After an error what the body still had to say was not read: the connection is reset.
        }

        return null;
    }

    public void Dispose()
    {
        client.Client.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Dispose();
    }
}
