using System.Diagnostics;

namespace SparseService.Engine.Parallel.Threads;

/// <summary>One rank of a <see cref="ThreadGroup"/>.</summary>
internal sealed unsafe class ThreadCommunicator(ThreadGroup group, int rank) : Communicator
{
    private readonly Bell bell = group.Bells[rank];
    private readonly List<Message> transfers = [];
    private readonly Stack<int> free = [];

    public override int Rank => rank;

    public override int Size => group.Size;

    public override bool SharesMemory => true;

    /// <summary>Collective: every rank gets the same object, that of rank 0.</summary>
    /// <param name="mine">Called on rank 0. What is disposable is disposed by the group when all ranks have ended, not by a rank.</param>
    public T Share<T>(Func<T> mine)
        where T : class
    {
        if (rank == 0)
        {
            group.Offer = mine();
            if (group.Offer is IDisposable one)
            {
                group.DisposeAtEnd(one);
            }
        }

        Barrier();
        var offered = (T)group.Offer!;
        Barrier();
        return offered;
    }

    public override bool IsDone(ref Transfer transfer, out Envelope envelope)
    {
        if (transfer.Handle == 0)
        {
            envelope = default;
            return true;
        }

        var message = transfers[(int)transfer.Handle - 1];
        if (!message.IsDone)
        {
            ThrowIfFailed();
            envelope = default;
            return false;
        }

        envelope = Finish(message, ref transfer);
        return true;
    }

    public override Envelope Wait(ref Transfer transfer)
    {
        if (transfer.Handle == 0)
        {
            return default;
        }

        var message = transfers[(int)transfer.Handle - 1];
        if (!message.IsDone)
        {
            AwaitEnd(message);
        }

        return Finish(message, ref transfer);
    }

    public override void Abort(Exception fault)
    {
        group.Fail(rank, fault);
        WithdrawAll();
    }

    public override void Dispose()
    {
        WithdrawAll();
        base.Dispose();
    }

    protected override Transfer Send(void* from, long bytes, int to, int tag)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)to, (uint)Size, nameof(to));
        ThrowIfFailed();
        Counters.BytesSent += bytes;
        Counters.MessagesSent++;
        var (handle, message) = Take();
        message.Begin((byte*)from, bytes, rank, tag);
        if (group.Mailboxes[to].Post(message))
        {
            free.Push(handle);
            return default;
        }

        return new Transfer(handle + 1);
    }

    protected override Transfer Receive(void* into, long bytes, int from, int tag)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from, Size - 1);
        ThrowIfFailed();
        var (handle, message) = Take();
        message.Begin((byte*)into, bytes, from, tag);
        group.Mailboxes[rank].Await(message);
        return new Transfer(handle + 1);
    }

    protected override Envelope AwaitMessage(int from, int tag)
    {
        if (FindMessage(from, tag, out var envelope))
        {
            return envelope;
        }

        var started = Stopwatch.GetTimestamp();
        var spin = default(SpinWait);
        while (true)
        {
            var heard = bell.Rings;
            if (FindMessage(from, tag, out envelope))
            {
                Counters.WaitingSeconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
                return envelope;
            }

            Pause(ref spin, started, heard);
        }
    }

    protected override bool FindMessage(int from, int tag, out Envelope envelope)
    {
        ThrowIfFailed();
        return group.Mailboxes[rank].Find(from, tag, out envelope);
    }

    private (int Handle, Message Message) Take()
    {
        if (!free.TryPop(out var handle))
        {
            handle = transfers.Count;
            transfers.Add(new Message(bell));
        }

        return (handle, transfers[handle]);
    }

    private void AwaitEnd(Message message)
    {
        var started = Stopwatch.GetTimestamp();
        var spin = default(SpinWait);
        while (true)
        {
            var heard = bell.Rings;
            if (message.IsDone)
            {
                break;
            }

            ThrowIfFailed();
            Pause(ref spin, started, heard);
        }

        Counters.WaitingSeconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private void Pause(ref SpinWait spin, long started, long heard)
    {
        if (Bell.IsLookoutOver(started))
        {
            bell.Sleep(heard);
        }
        else
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private Envelope Finish(Message message, ref Transfer transfer)
    {
        var (envelope, room) = (message.Envelope, message.Bytes);
        free.Push((int)transfer.Handle - 1);
        transfer = default;
        return envelope.Bytes <= room
            ? envelope
            : throw new InvalidOperationException(
                $"A message of {envelope.Bytes} bytes from rank {envelope.Rank} with tag {envelope.Tag}; room for {room} bytes");
    }

    // Whoever leaves frees its memory: no other rank may be copying from or to it.
    private void WithdrawAll()
    {
        foreach (var message in transfers)
        {
            if (message is { IsDone: false, Mailbox: { } mailbox } && !mailbox.Withdraw(message))
            {
                var spin = default(SpinWait);
                while (!message.IsDone)
                {
                    spin.SpinOnce(sleep1Threshold: -1);
                }
            }
        }
    }

    private void ThrowIfFailed()
    {
        if (group.HasFailed)
        {
            WithdrawAll();
            group.ThrowIfFailed();
        }
    }
}
