namespace SparseService.Engine.Parallel;

/// <summary>One of several workers ("ranks") of one training, and its way to the others.</summary>
/// <remarks>
/// Messages between two ranks with the same tag arrive in the order in which they were sent. Collective operations are called by all ranks in the same
/// order. One thread at a time. Every call throws <see cref="RankFailedException"/>, within seconds, once any rank has failed.
/// </remarks>
public unsafe interface ICommunicator : IDisposable
{
    /// <summary>Receives from whoever sends first.</summary>
    const int AnyRank = -1;

    /// <summary>From 0.</summary>
    int Rank { get; }

    int Size { get; }

    /// <summary>Whether all ranks are threads of this process: what one of them allocates, all can read.</summary>
    bool SharesMemory => false;

    /// <summary>What this rank has sent and how long it has waited since its counters were last taken; counts on with every call.</summary>
    CommunicationCounters Counters { get; }

    /// <summary>Begins to send; <paramref name="bytes"/> at <paramref name="from"/> must not change before the transfer is waited for.</summary>
    /// <param name="tag">0 to 32,767.</param>
    Transfer BeginSend(void* from, long bytes, int to, int tag);

    /// <summary>Begins to receive; the memory is the communicator's until the transfer is waited for.</summary>
    /// <param name="bytes">Room; the message may be shorter.</param>
    /// <param name="from">A rank, or <see cref="AnyRank"/>.</param>
    Transfer BeginReceive(void* into, long bytes, int from, int tag);

    /// <summary>Whether the transfer is done; a transfer that is done needs no <see cref="Wait"/>.</summary>
    bool IsDone(ref Transfer transfer, out Envelope envelope);

    /// <summary>Waits for a transfer.</summary>
    /// <returns>Of a received message: whose it is and how long.</returns>
    Envelope Wait(ref Transfer transfer);

    /// <summary>Waits until a message with this tag is there, and leaves it there.</summary>
    Envelope Probe(int from, int tag);

    /// <summary>Whether a message with this tag is there; leaves it there.</summary>
    bool IsThere(int from, int tag, out Envelope envelope);

    /// <summary>Each rank gives each rank (itself included) a part of its own length, parts in the order of the ranks.</summary>
    /// <param name="receiveBytes">What the others give, as they know it: their sendBytes for this rank.</param>
    void AllToAll(void* send, ReadOnlySpan<long> sendBytes, void* receive, ReadOnlySpan<long> receiveBytes);

    /// <summary>Every rank gets the sum (or maximum) over all ranks, the same bits on each.</summary>
    void AllReduce(Span<double> values, Reduction reduction = Reduction.Sum);

    /// <inheritdoc cref="AllReduce(Span{double}, Reduction)"/>
    void AllReduce(Span<long> values, Reduction reduction = Reduction.Sum);

    /// <inheritdoc cref="AllReduce(Span{double}, Reduction)"/>
    void AllReduce(Span<float> values, Reduction reduction = Reduction.Sum);

    /// <summary>Every rank gets what <paramref name="root"/> has there.</summary>
    void Broadcast(void* values, long bytes, int root);

    /// <summary>Returns when all ranks are here.</summary>
    void Barrier();

    /// <summary>Ends the training on every rank: their calls throw <see cref="RankFailedException"/> with this rank and this error.</summary>
    void Abort(Exception fault);
}

public enum Reduction
{
    Sum,
    Maximum,
}

/// <summary>A send or receive under way.</summary>
/// <param name="Handle">The communicator's own; 0 = done.</param>
public record struct Transfer(long Handle);

/// <summary>What is known of a message.</summary>
public readonly record struct Envelope(int Rank, int Tag, long Bytes);

/// <summary>Of one rank.</summary>
public sealed class CommunicationCounters
{
    public long BytesSent { get; set; }

    public long MessagesSent { get; set; }

    /// <summary>Time inside calls that waited for others.</summary>
    public double WaitingSeconds { get; set; }

    /// <summary>The counts so far; counting begins anew.</summary>
    public CommunicationCounters Take()
    {
        var taken = new CommunicationCounters { BytesSent = BytesSent, MessagesSent = MessagesSent, WaitingSeconds = WaitingSeconds };
        (BytesSent, MessagesSent, WaitingSeconds) = (0, 0, 0);
        return taken;
    }
}
