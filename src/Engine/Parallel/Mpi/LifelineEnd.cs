using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace SparseService.Engine.Parallel.Mpi;

internal enum LifelineWord : byte
{
    Alive = 1,
    Failure = 2,
    Leave = 3,
}

/// <summary>One end of a connection of a <see cref="Lifeline"/>. A word is one byte, the length of a text and the text.</summary>
internal sealed class LifelineEnd : IDisposable
{
    private const int HeadBytes = 5;
    private const int LongestText = 64 << 10;
    private static readonly TimeSpan SendPatience = TimeSpan.FromSeconds(1);

    private readonly Socket socket;
    private readonly NetworkStream stream;
    private readonly object turn = new();
    private long lastHeard = Stopwatch.GetTimestamp();

    public LifelineEnd(Socket socket, int rank)
    {
        this.socket = socket;
        Rank = rank;
        socket.NoDelay = true;
        socket.SendTimeout = (int)SendPatience.TotalMilliseconds;
        stream = new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Who is at the other end.</summary>
    public int Rank { get; }

    public bool HasLeft { get; set; }

    public TimeSpan Silence => Stopwatch.GetElapsedTime(Volatile.Read(ref lastHeard));

    /// <summary>Whatever was said meanwhile may not have been read yet: silence begins now.</summary>
    public void CountAnew() => Volatile.Write(ref lastHeard, Stopwatch.GetTimestamp());

    /// <summary>Says something, if the other end still takes it.</summary>
    public void TrySend(LifelineWord word, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var length = Math.Min(bytes.Length, LongestText);
        var frame = new byte[HeadBytes + length];
        frame[0] = (byte)word;
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(1), length);
        bytes.AsSpan(0, length).CopyTo(frame.AsSpan(HeadBytes));
        try
        {
            lock (turn)
            {
                stream.Write(frame);
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // Who does not hear is noticed by its silence.
        }
    }

    /// <exception cref="IOException">The connection has ended, or says what is no word.</exception>
    public async Task<(LifelineWord Word, string Text)> HearAsync()
    {
        var head = new byte[HeadBytes];
        await stream.ReadExactlyAsync(head);
        var length = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(1));
        if (length is < 0 or > LongestText)
        {
            throw new IOException($"A text of {length} bytes on the lifeline; allowed: 0 to {LongestText}");
        }

        var text = new byte[length];
        await stream.ReadExactlyAsync(text);
        Volatile.Write(ref lastHeard, Stopwatch.GetTimestamp());
        return ((LifelineWord)head[0], Encoding.UTF8.GetString(text));
    }

    public void Dispose() => stream.Dispose();
}
