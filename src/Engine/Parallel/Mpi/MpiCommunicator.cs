using System.Runtime.InteropServices;

namespace SparseService.Engine.Parallel.Mpi;

/// <summary>A rank that is a process started by <c>mpirun</c>. Waits look again and again (decision 0031), so that a rank that failed is noticed.</summary>
internal sealed unsafe class MpiCommunicator : Communicator
{
    private const double BlameSeconds = 3;

    private readonly List<nint> requests = [];
    private readonly Stack<int> free = [];
    private Lifeline? lifeline;

    private MpiCommunicator()
    {
        OpenMpi.Check(OpenMpi.Rank(OpenMpi.World, out var rank), nameof(OpenMpi.Rank));
        OpenMpi.Check(OpenMpi.Size(OpenMpi.World, out var size), nameof(OpenMpi.Size));
        (Rank, Size) = (rank, size);
    }

    public override int Rank { get; }

    public override int Size { get; }

    /// <summary>Longest message that goes as so many bytes; a longer one goes as one element of a type of its length.</summary>
    public int LongestPlain { get; set; } = 1 << 30;

    /// <summary>The first failure that was heard of, or null.</summary>
    public RankFailedException? Failure => lifeline?.Failure;

    /// <summary>Joins the group that mpirun has started. Once in a process.</summary>
    /// <param name="silence">A rank that is not heard of for so long has failed.</param>
    /// <exception cref="DllNotFoundException">Open MPI is not installed.</exception>
    /// <param name="onFailure">Called once, on any thread, when the first failure is known.</param>
    public static MpiCommunicator Join(TimeSpan silence, Action<RankFault>? onFailure = null)
    {
        OpenMpi.Start();
        var communicator = new MpiCommunicator();
        if (communicator.Size > 1)
        {
            communicator.lifeline = Lifeline.Tie(communicator, silence, onFailure ?? (_ => { }));
        }

        communicator.Counters.Take();
        return communicator;
    }

    public override bool IsDone(ref Transfer transfer, out Envelope envelope)
    {
        if (transfer.Handle == 0)
        {
            envelope = default;
            return true;
        }

        if (Test((int)transfer.Handle - 1, out envelope))
        {
            transfer = default;
            return true;
        }

        ThrowIfFailed();
        return false;
    }

    public override Envelope Wait(ref Transfer transfer)
    {
        if (transfer.Handle == 0)
        {
            return default;
        }

        var slot = (int)transfer.Handle - 1;
        if (!Test(slot, out var envelope))
        {
            var pause = new Pause();
            while (!Test(slot, out envelope))
            {
                ThrowIfFailed();
                pause.Rest();
            }

            Counters.WaitingSeconds += pause.Seconds;
        }

        transfer = default;
        return envelope;
    }

    /// <summary>The process should end after this without <see cref="Dispose"/>: MPI's own end waits for all ranks.</summary>
    public override void Abort(Exception fault)
    {
        if (fault is MpiException)
        {
            // A rank that is gone makes calls of others fail: who is gone is known a moment later.
            var pause = new Pause();
            while (Failure is null && pause.Seconds < BlameSeconds)
            {
                pause.Rest();
            }
        }

        lifeline?.Fail(fault);
    }

    /// <summary>Leaves the group, when all ranks do.</summary>
    public override void Dispose()
    {
        if (Failure is null)
        {
            Barrier();
            lifeline?.Dispose();
            OpenMpi.Check(OpenMpi.End(), nameof(OpenMpi.End));
        }

        base.Dispose();
    }

    protected override Transfer Send(void* from, long bytes, int to, int tag)
    {
        ThrowIfFailed();
        Counters.BytesSent += bytes;
        Counters.MessagesSent++;
        nint request;
        if (bytes <= LongestPlain)
        {
            OpenMpi.Check(OpenMpi.Send(from, (int)bytes, OpenMpi.Byte, to, tag, OpenMpi.World, out request), nameof(OpenMpi.Send));
        }
        else
        {
            var type = OpenMpi.TypeOf(bytes, LongestPlain);
            OpenMpi.Check(OpenMpi.Send(from, 1, type, to, tag, OpenMpi.World, out request), nameof(OpenMpi.Send));
            OpenMpi.Check(OpenMpi.TypeFree(ref type), nameof(OpenMpi.TypeFree));
        }

        return Keep(request);
    }

    protected override Transfer Receive(void* into, long bytes, int from, int tag)
    {
        ThrowIfFailed();
        nint request;
        if (bytes <= LongestPlain)
        {
            OpenMpi.Check(OpenMpi.Receive(into, (int)bytes, OpenMpi.Byte, from, tag, OpenMpi.World, out request), nameof(OpenMpi.Receive));
        }
        else
        {
            var type = OpenMpi.TypeOf(bytes, LongestPlain);
            OpenMpi.Check(OpenMpi.Receive(into, 1, type, from, tag, OpenMpi.World, out request), nameof(OpenMpi.Receive));
            OpenMpi.Check(OpenMpi.TypeFree(ref type), nameof(OpenMpi.TypeFree));
        }

        return Keep(request);
    }

    protected override Envelope AwaitMessage(int from, int tag)
    {
        if (FindMessage(from, tag, out var envelope))
        {
            return envelope;
        }

        var pause = new Pause();
        while (!FindMessage(from, tag, out envelope))
        {
            pause.Rest();
        }

        Counters.WaitingSeconds += pause.Seconds;
        return envelope;
    }

    protected override bool FindMessage(int from, int tag, out Envelope envelope)
    {
        ThrowIfFailed();
        OpenMpi.Check(OpenMpi.Probe(from, tag, OpenMpi.World, out var isThere, out var status), nameof(OpenMpi.Probe));
        envelope = isThere != 0 ? Of(status) : default;
        return isThere != 0;
    }

    private Transfer Keep(nint request)
    {
        if (!free.TryPop(out var slot))
        {
            slot = requests.Count;
            requests.Add(request);
        }

        requests[slot] = request;
        return new Transfer(slot + 1);
    }

    private bool Test(int slot, out Envelope envelope)
    {
        ref var request = ref CollectionsMarshal.AsSpan(requests)[slot];
        OpenMpi.Check(OpenMpi.Test(ref request, out var isDone, out var status), nameof(OpenMpi.Test));
        envelope = isDone != 0 ? Of(status) : default;
        if (isDone != 0)
        {
            free.Push(slot);
        }

        return isDone != 0;
    }

    private static Envelope Of(MpiStatus status)
    {
        OpenMpi.Check(OpenMpi.Elements(ref status, OpenMpi.Byte, out var bytes), nameof(OpenMpi.Elements));
        return new Envelope(status.Source, status.Tag, bytes);
    }

    private void ThrowIfFailed()
    {
        if (lifeline?.Failure is { } failure)
        {
            throw new RankFailedException(failure.Rank, failure.Reason, failure.InnerException ?? failure);
        }
    }
}
