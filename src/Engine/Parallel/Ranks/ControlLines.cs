using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace SparseService.Engine.Parallel.Ranks;

/// <summary>One end of the connection between the process that started the ranks and rank 0: JSON, a line each.</summary>
internal sealed class ControlLines : IDisposable
{
    private readonly StreamReader reader;
    private readonly StreamWriter writer;
    private readonly object turn = new();

    public ControlLines(Socket socket)
    {
        var stream = new NetworkStream(socket, ownsSocket: true);
        reader = new StreamReader(stream, Encoding.UTF8, false, 1 << 16);
        writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16);
    }

    /// <exception cref="IOException">The other end is gone.</exception>
    public void Send<T>(T message)
    {
        lock (turn)
        {
            writer.WriteLine(JsonSerializer.Serialize(message, RankJson.Options));
            writer.Flush();
        }
    }

    /// <returns>Null when the other end is gone.</returns>
    public T? Receive<T>()
        where T : class
    {
        try
        {
            return reader.ReadLine() is { } line ? JsonSerializer.Deserialize<T>(line, RankJson.Options) : null;
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        reader.Dispose();
        try
        {
            writer.Dispose();
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // What it still held has nobody to go to.
        }
    }
}
