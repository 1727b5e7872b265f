using System.Net.Sockets;
using System.Text;

namespace SparseService.Cli.Bench.Predict;

/// <summary>A prediction that is sent and read at the same time, as HttpClient does not over HTTP/1.1.</summary>
internal static class StreamCall
{
    /// <param name="address">Of the service.</param>
    /// <param name="path">Of the model's prediction.</param>
    /// <param name="lines">Sent one after the other, again and again.</param>
    /// <returns>Lines of the answer.</returns>
    public static async Task<long> RunAsync(
        Uri address, string path, string key, string contentType, byte[][] lines, int rows, CancellationToken cancellationToken)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(address.Host, address.Port, cancellationToken);
        await using var stream = client.GetStream();
        var bytes = Enumerable.Range(0, rows).Sum(row => (long)lines[row % lines.Length].Length);

        // 1.0: the answer ends with the connection and has no chunks between its lines.
        var head = $"POST {path} HTTP/1.0\r\nHost: {address.Authority}\r\nAuthorization: Bearer {key}\r\nContent-Type: {contentType}\r\n"
            + $"Accept: application/x-ndjson\r\nContent-Length: {bytes}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancellationToken);
        var sending = Task.Run(() => SendAsync(stream, lines, rows, cancellationToken), cancellationToken);
        var answered = await CountLinesAsync(stream, cancellationToken);
        await sending;
        return answered;
    }

    private static async Task SendAsync(NetworkStream stream, byte[][] lines, int rows, CancellationToken cancellationToken)
    {
        var buffered = new BufferedStream(stream, 256 << 10); // Not disposed: that would close the connection under the reader.
        for (var row = 0; row < rows; row++)
        {
            await buffered.WriteAsync(lines[row % lines.Length], cancellationToken);
        }

        await buffered.FlushAsync(cancellationToken);
    }

    private static async Task<long> CountLinesAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[256 << 10];
        var (lines, head) = (0L, new StringBuilder());
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            var body = buffer.AsMemory(0, read);
            if (lines == 0 && !head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                head.Append(Encoding.ASCII.GetString(body.Span));
                var end = head.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal);
                if (end < 0)
                {
                    continue;
                }

                if (!head.ToString().StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
                {
                    throw new CliFault($"The service refused a stream: {head}");
                }

                body = Encoding.ASCII.GetBytes(head.ToString()[(end + 4)..]);
            }

            lines += body.Span.Count((byte)'\n');
        }

        return lines;
    }
}
