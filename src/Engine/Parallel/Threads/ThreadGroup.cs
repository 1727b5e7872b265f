namespace SparseService.Engine.Parallel.Threads;

/// <summary>The ranks of one training as threads of this process: what they share.</summary>
internal sealed class ThreadGroup : IDisposable
{
    private readonly ThreadCommunicator[] ranks;
    private readonly List<IDisposable> shared = [];
    private (int Rank, Exception Fault)? fault;
    private bool hasFailed;

    public ThreadGroup(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        Bells = Enumerable.Range(0, size).Select(_ => new Bell()).ToArray();
        Mailboxes = Bells.Select(bell => new Mailbox(bell)).ToArray();
        ranks = Enumerable.Range(0, size).Select(rank => new ThreadCommunicator(this, rank)).ToArray();
    }

    public int Size => ranks.Length;

    public bool HasFailed => Volatile.Read(ref hasFailed);

    internal Bell[] Bells { get; }

    internal Mailbox[] Mailboxes { get; }

    /// <summary>Object that a rank is about to share; guarded by the barriers around it.</summary>
    internal object? Offer { get; set; }

    public ThreadCommunicator this[int rank] => ranks[rank];

    /// <summary>Runs a program on every rank and returns when all have ended.</summary>
    /// <exception cref="RankFailedException">The first rank that threw.</exception>
    public static void Run(int size, Action<ThreadCommunicator> program)
    {
        using var group = new ThreadGroup(size);
        var threads = Enumerable.Range(0, size).Select(group.Start(program)).ToArray();
        foreach (var thread in threads)
        {
            thread.Join();
        }

        group.ThrowIfFailed();
    }

    /// <summary>Throws what the first failed rank threw.</summary>
    public void ThrowIfFailed()
    {
        if (HasFailed)
        {
            var (rank, first) = fault!.Value;
            throw new RankFailedException(rank, first.Message, first);
        }
    }

    /// <summary>All ranks must have ended.</summary>
    public void Dispose()
    {
        foreach (var one in shared)
        {
            one.Dispose();
        }

        foreach (var rank in ranks)
        {
            rank.Dispose();
        }

        foreach (var mailbox in Mailboxes)
        {
            mailbox.Dispose();
        }
    }

    /// <summary>Starts one rank.</summary>
    internal Func<int, Thread> Start(Action<ThreadCommunicator> program) => rank =>
    {
        var thread = new Thread(() => Serve(ranks[rank], program)) { IsBackground = true, Name = $"rank {rank}" };
        thread.Start();
        return thread;
    };

    internal void Fail(int rank, Exception why)
    {
        lock (shared)
        {
            if (fault is not null || why is RankFailedException)
            {
                return;
            }

            fault = (rank, why);
            Volatile.Write(ref hasFailed, true);
        }

        foreach (var bell in Bells)
        {
            bell.Ring();
        }
    }

    internal void DisposeAtEnd(IDisposable one)
    {
        lock (shared)
        {
            shared.Add(one);
        }
    }

    private static void Serve(ThreadCommunicator rank, Action<ThreadCommunicator> program)
    {
        try
        {
            program(rank);
        }
        catch (Exception fault)
        {
            rank.Abort(fault);
        }
    }
}
