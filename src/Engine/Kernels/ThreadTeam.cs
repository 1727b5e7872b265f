using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace SparseService.Engine.Kernels;

/// <summary>
/// Threads that stay and share out blocks of work with the caller. They look out for new work for a while, which covers the gap between two
/// operations, and then sleep.
/// </summary>
/// <remarks>
/// A call that finds the team busy with another caller's work does its own alone, so several threads may call at once. No call
/// allocates.
/// </remarks>
internal sealed unsafe class ThreadTeam : IDisposable
{
    // Also what a step does alone between two operations: a thread that sleeps in each step is sometimes woken on the caller's processor and
    // stays there for seconds (measured with 20 µs: 2 of 10 trainings ran at the speed of one thread for a while; none with this).
    private const double LookoutSeconds = 100e-6;

    private readonly object turn = new();
    private readonly object gate = new();
    private readonly Thread[] threads;

    // Generation in the high half, blocks not yet taken in the low half: who takes a block by compare-and-swap knows that the
    // fields below
    // belong to it, because they change only when no block of the generation is left.
    private long ticket;
    private delegate*<void*, int, void> execute;
    private void* work;
    private int unfinished;
    private int sleeping;
    private volatile bool ending;
    private Exception? fault;

    /// <param name="size">Threads that work, the caller's included; with 1 no thread is started.</param>
    public ThreadTeam(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        threads = new Thread[size - 1];
        for (var index = 0; index < threads.Length; index++)
        {
            threads[index] = new Thread(Serve) { IsBackground = true, Name = $"kernels {index + 1}" };
            threads[index].Start();
        }
    }

    /// <summary>Executes blocks 0 to count − 1 and returns when all are done.</summary>
    /// <exception cref="Exception">The first that a block threw; the other blocks have run all the same.</exception>
    public void Run<TWork>(ref TWork blockWork, int count)
        where TWork : unmanaged, IBlockWork
    {
        if (threads.Length == 0 || count < 2 || !Monitor.TryEnter(turn))
        {
            for (var block = 0; block < count; block++)
            {
                blockWork.Execute(block);
            }

            return;
        }

        try
        {
            fixed (TWork* pointer = &blockWork)
            {
                Share(&Invoke<TWork>, pointer, count);
            }
        }
        finally
        {
            Monitor.Exit(turn);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            ending = true;
            Monitor.PulseAll(gate);
        }

        foreach (var thread in threads)
        {
            thread.Join();
        }
    }

    private static void Invoke<TWork>(void* work, int block)
        where TWork : unmanaged, IBlockWork => ((TWork*)work)->Execute(block);

    private void Share(delegate*<void*, int, void> invoke, void* pointer, int count)
    {
        ObjectDisposedException.ThrowIf(ending, this);
        execute = invoke;
        work = pointer;
        unfinished = count;
        fault = null;
        Interlocked.Exchange(ref ticket, (((ticket >> 32) + 1) << 32) | (uint)count);
        if (Volatile.Read(ref sleeping) > 0)
        {
            lock (gate)
            {
                Monitor.PulseAll(gate);
            }
        }

        TakeBlocks();
        var wait = default(SpinWait);
        while (Volatile.Read(ref unfinished) > 0)
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }

        if (fault is { } thrown)
        {
            ExceptionDispatchInfo.Throw(thrown);
        }
    }

    private void Serve()
    {
        while (!ending)
        {
            TakeBlocks();
            if (!SeesWork())
            {
                Sleep();
            }
        }
    }

    private void TakeBlocks()
    {
        while (true)
        {
            var seen = Volatile.Read(ref ticket);
            if ((uint)seen == 0)
            {
                return;
            }

            var invoke = execute;
            var on = work;
            if (Interlocked.CompareExchange(ref ticket, seen - 1, seen) != seen)
            {
                continue;
            }

            try
            {
                invoke(on, (int)(uint)seen - 1);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref fault, exception, null);
            }

            Interlocked.Decrement(ref unfinished);
        }
    }

    private bool SeesWork()
    {
        var end = Stopwatch.GetTimestamp() + (long)(LookoutSeconds * Stopwatch.Frequency);
        do
        {
            if ((uint)Volatile.Read(ref ticket) != 0)
            {
                return true;
            }

            Thread.SpinWait(8);
        }
        while (Stopwatch.GetTimestamp() < end);

        return false;
    }

    private void Sleep()
    {
        lock (gate)
        {
            // A full fence: either the caller sees a sleeper, or the sleeper sees the caller's ticket.
            Interlocked.Increment(ref sleeping);
            while ((uint)Volatile.Read(ref ticket) == 0 && !ending)
            {
                Monitor.Wait(gate);
            }

            Interlocked.Decrement(ref sleeping);
        }
    }
}
