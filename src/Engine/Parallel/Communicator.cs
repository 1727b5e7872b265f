using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace SparseService.Engine.Parallel;

/// <summary>
/// Collective operations made of messages, the same for every transport: so they count alike, add up in the same order and notice a failed rank as any other
/// call does.
/// </summary>
internal abstract unsafe class Communicator : ICommunicator
{
    /// <summary>Tags from here on are this class's own.</summary>
    protected const int FirstOwnTag = 1 << 15;

    private const int AllToAllTag = FirstOwnTag;
    private const int ReduceTag = FirstOwnTag + 1;
    private const int SpreadTag = FirstOwnTag + 2;
    private const int BroadcastTag = FirstOwnTag + 3;
    private const int BarrierTag = FirstOwnTag + 4;

    // A longer array is added up in parts, one by each rank.
    private const long SharedOutBytes = 64 << 10;

    // A short array goes from each rank to each: with more ranks than this a tree takes fewer messages.
    private const int MostDirect = 4;

    private Transfer[] transfers = [];
    private byte* scratch;
    private long scratchBytes;

    ~Communicator() => NativeMemory.Free(scratch);

    public abstract int Rank { get; }

    public abstract int Size { get; }

    public virtual bool SharesMemory => false;

    public CommunicationCounters Counters { get; } = new();

    public Transfer BeginSend(void* from, long bytes, int to, int tag) => Send(from, bytes, to, Checked(tag));

    public Transfer BeginReceive(void* into, long bytes, int from, int tag) => Receive(into, bytes, from, Checked(tag));

    public abstract bool IsDone(ref Transfer transfer, out Envelope envelope);

    public abstract Envelope Wait(ref Transfer transfer);

    public Envelope Probe(int from, int tag) => AwaitMessage(from, Checked(tag));

    public bool IsThere(int from, int tag, out Envelope envelope) => FindMessage(from, Checked(tag), out envelope);

    public abstract void Abort(Exception fault);

    public void AllToAll(void* send, ReadOnlySpan<long> sendBytes, void* receive, ReadOnlySpan<long> receiveBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sendBytes.Length, Size);
        ArgumentOutOfRangeException.ThrowIfNotEqual(receiveBytes.Length, Size);
        ArgumentOutOfRangeException.ThrowIfNotEqual(receiveBytes[Rank], sendBytes[Rank]);
        Room(2 * Size);
        var into = (byte*)receive;
        for (var rank = 0; rank < Size; rank++)
        {
            transfers[rank] = rank != Rank && receiveBytes[rank] > 0 ? Receive(into, receiveBytes[rank], rank, AllToAllTag) : default;
            into += receiveBytes[rank];
        }

        // From the next rank on, so that not all begin with rank 0.
        for (var distance = 1; distance < Size; distance++)
        {
            var rank = (Rank + distance) % Size;
            transfers[Size + rank] = sendBytes[rank] > 0
                ? Send((byte*)send + Before(sendBytes, rank), sendBytes[rank], rank, AllToAllTag)
                : default;
        }

        Buffer.MemoryCopy(
            (byte*)send + Before(sendBytes, Rank), (byte*)receive + Before(receiveBytes, Rank), sendBytes[Rank], sendBytes[Rank]);
        transfers[Size + Rank] = default;
        WaitAll(2 * Size);
    }

    public void AllReduce(Span<double> values, Reduction reduction = Reduction.Sum) => AllReduceOf(values, reduction);

    public void AllReduce(Span<long> values, Reduction reduction = Reduction.Sum) => AllReduceOf(values, reduction);

    public void AllReduce(Span<float> values, Reduction reduction = Reduction.Sum) => AllReduceOf(values, reduction);

    public void Broadcast(void* values, long bytes, int root)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)root, (uint)Size, nameof(root));
        var place = (Rank - root + Size) % Size;
        var step = 1;
        while (step < Size && (place & step) == 0)
        {
            step <<= 1;
        }

        if (place != 0)
        {
            var transfer = Receive(values, bytes, (place - step + root) % Size, BroadcastTag);
            Wait(ref transfer);
        }

        Room(32);
        var count = 0;
        for (step >>= 1; step > 0; step >>= 1)
        {
            if (place + step < Size)
            {
                transfers[count++] = Send(values, bytes, (place + step + root) % Size, BroadcastTag);
            }
        }

        WaitAll(count);
    }

    // In round i everyone tells the rank 2ⁱ further on: after log₂ rounds everyone has heard, by way of others, from all.
    public void Barrier()
    {
        for (var distance = 1; distance < Size; distance <<= 1)
        {
            var receive = Receive(null, 0, (Rank - distance + Size) % Size, BarrierTag);
            var send = Send(null, 0, (Rank + distance) % Size, BarrierTag);
            Wait(ref receive);
            Wait(ref send);
        }
    }

    public virtual void Dispose()
    {
        NativeMemory.Free(scratch);
        scratch = null;
        scratchBytes = 0;
        GC.SuppressFinalize(this);
    }

    protected abstract Transfer Send(void* from, long bytes, int to, int tag);

    protected abstract Transfer Receive(void* into, long bytes, int from, int tag);

    protected abstract Envelope AwaitMessage(int from, int tag);

    protected abstract bool FindMessage(int from, int tag, out Envelope envelope);

    private static int Checked(int tag) =>
        (uint)tag < FirstOwnTag
            ? tag
            : throw new ArgumentOutOfRangeException(nameof(tag), tag, $"A message's tag; allowed: 0 to {FirstOwnTag - 1}");

    private static long Before(ReadOnlySpan<long> bytes, int rank)
    {
        var sum = 0L;
        for (var before = 0; before < rank; before++)
        {
            sum += bytes[before];
        }

        return sum;
    }

    private void AllReduceOf<T>(Span<T> values, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        if (Size == 1 || values.IsEmpty)
        {
            return;
        }

        fixed (T* at = values)
        {
            if ((long)values.Length * sizeof(T) > SharedOutBytes)
            {
                ReduceInParts(at, values.Length, reduction);
            }
            else if (Size <= MostDirect)
            {
                ReduceDirectly(at, values.Length, reduction);
            }
            else
            {
                ReduceInTree(at, values.Length, reduction);
            }
        }
    }

    // Everyone gets everyone's values and adds them up in the order of the ranks.
    private void ReduceDirectly<T>(T* values, int length, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        Room(2 * Size);
        var others = (T*)Scratch((long)Size * length * sizeof(T));
        var slots = Parts<T>.Slots(others, length);
        Exchange(Parts<T>.Whole(values, length), slots, ReduceTag);
        Fold(slots, values, length, reduction);
    }

    // Rank r adds up part r of everyone's values and gives the sum to all.
    private void ReduceInParts<T>(T* values, int length, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        Room(2 * Size);
        var shares = Parts<T>.Shares(values, length, Size);
        var mine = shares.At(Rank);
        var share = shares.Length(Rank);
        var slots = Parts<T>.Slots((T*)Scratch((long)Size * share * sizeof(T)), share);
        Exchange(shares, slots, ReduceTag);
        Fold(slots, mine, share, reduction);
        Exchange(Parts<T>.Whole(mine, share), shares, SpreadTag);
    }

    // Neighbours first, then pairs, then fours: the same tree in every run.
    private void ReduceInTree<T>(T* values, int length, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        var bytes = (long)length * sizeof(T);
        var other = (T*)Scratch(bytes);
        for (var step = 1; step < Size; step <<= 1)
        {
            if ((Rank & step) != 0)
            {
                var send = Send(values, bytes, Rank - step, ReduceTag);
                Wait(ref send);
                break;
            }

            if (Rank + step < Size)
            {
                var receive = Receive(other, bytes, Rank + step, ReduceTag);
                Wait(ref receive);
                Add(new Span<T>(values, length), new ReadOnlySpan<T>(other, length), reduction);
            }
        }

        Broadcast(values, bytes, 0);
    }

    private void Exchange<T>(Parts<T> give, Parts<T> take, int tag)
        where T : unmanaged
    {
        for (var rank = 0; rank < Size; rank++)
        {
            transfers[rank] = rank != Rank ? Receive(take.At(rank), (long)take.Length(rank) * sizeof(T), rank, tag) : default;
        }

        transfers[Size + Rank] = default;
        for (var distance = 1; distance < Size; distance++)
        {
            var rank = (Rank + distance) % Size;
            transfers[Size + rank] = Send(give.At(rank), (long)give.Length(rank) * sizeof(T), rank, tag);
        }

        WaitAll(2 * Size);
    }

    // In the order of the ranks; this rank's own values are still where the sum goes.
    private void Fold<T>(Parts<T> parts, T* values, int length, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        new Span<T>(values, length).CopyTo(new Span<T>(parts.At(Rank), length));
        new Span<T>(parts.At(0), length).CopyTo(new Span<T>(values, length));
        for (var rank = 1; rank < Size; rank++)
        {
            Add(new Span<T>(values, length), new ReadOnlySpan<T>(parts.At(rank), length), reduction);
        }
    }

    private static void Add<T>(Span<T> into, ReadOnlySpan<T> values, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        if (reduction == Reduction.Sum)
        {
            TensorPrimitives.Add(into, values, into);
        }
        else
        {
            TensorPrimitives.Max(into, values, into);
        }
    }

    private void WaitAll(int count)
    {
        for (var index = 0; index < count; index++)
        {
            Wait(ref transfers[index]);
        }
    }

    private void Room(int count)
    {
        if (transfers.Length < count)
        {
            transfers = new Transfer[count];
        }
    }

    private byte* Scratch(long bytes)
    {
        if (scratchBytes < bytes)
        {
            scratch = (byte*)NativeMemory.Realloc(scratch, (nuint)bytes);
            scratchBytes = bytes;
        }

        return scratch;
    }

    /// <summary>What of an array belongs to which rank.</summary>
    private readonly struct Parts<T>(T* at, int length, int shares = 1, bool inSlots = false)
        where T : unmanaged
    {
        /// <summary>To each rank the same: the whole array.</summary>
        public static Parts<T> Whole(T* at, int length) => new(at, length);

        /// <summary>To each rank its share of the array.</summary>
        public static Parts<T> Shares(T* at, int length, int ranks) => new(at, length, ranks);

        /// <summary>To each rank an array of its own, one behind the other.</summary>
        public static Parts<T> Slots(T* at, int length) => new(at, length, 1, true);

        public T* At(int rank) => inSlots ? at + ((long)rank * length) : at + Start(rank);

        public int Length(int rank) => shares == 1 ? length : Start(rank + 1) - Start(rank);

        private int Start(int rank) => shares == 1 ? 0 : (int)((long)length * rank / shares);
    }
}
