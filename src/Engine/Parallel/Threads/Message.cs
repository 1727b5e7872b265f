namespace SparseService.Engine.Parallel.Threads;

/// <summary>One side of a message on its way: memory to copy from or to copy into.</summary>
internal sealed unsafe class Message(Bell bell)
{
    private volatile bool isDone;

    public byte* Memory { get; set; }

    /// <summary>Of a send its length, of a receive the room.</summary>
    public long Bytes { get; set; }

    /// <summary>Whom it is from; of a receive perhaps <see cref="ICommunicator.AnyRank"/>.</summary>
    public int From { get; set; }

    public int Tag { get; set; }

    /// <summary>Where it is listed until the other side has come.</summary>
    public Mailbox? Mailbox { get; set; }

    /// <summary>Of a done receive: what came, also when it was longer than the room.</summary>
    public Envelope Envelope { get; private set; }

    public bool IsDone => isDone;

    public void Begin(byte* memory, long bytes, int from, int tag)
    {
        Memory = memory;
        (Bytes, From, Tag, Mailbox, Envelope) = (bytes, from, tag, null, default);
        isDone = false;
    }

    /// <summary>Whether one of the two is a receive for the other.</summary>
    public bool Fits(Message other) => Fits(other.From, other.Tag);

    public bool Fits(int from, int tag) => tag == Tag && (From == from || From == ICommunicator.AnyRank || from == ICommunicator.AnyRank);

    /// <summary>The last touch: from here on the memory and this object belong to the rank that began it.</summary>
    public void End(Envelope envelope)
    {
        Envelope = envelope;
        isDone = true;
        bell.Ring();
    }
}
