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

    // In longs, two cache lines: a line and its neighbour may be fetched together.
    private const int TicketStride = 16;

    private readonly object turn = new();
    private readonly object gate = new();
    private readonly Thread[] threads;

    // Each thread has a stretch of the blocks, the same in every operation, and takes its own before it helps the others: they rarely ask for the
    // same line (measured, two threads on 3072-1024-1024-10 at 5 %: 138,000 → 144,000 samples a second where a word takes 70 ns from one
    // processor to the other; with one ticket for all, 80,000 where it takes 200 ns, which is no more than one thread gives).
    //
    // Of a stretch: generation in the high half, blocks not yet taken in the low half. Who takes a block by compare-and-swap knows that the
    // fields below belong to it, because they change only when no block of the generation is left.
    private readonly long[] tickets;
    private delegate*<void*, int, void> execute;
    private void* work;
    private int blocks;
    private int unfinished;
    private int published;
    private int sleeping;
    private volatile bool ending;
    private Exception? fault;

    /// <param name="size">Threads that work, the caller's included; with 1 no thread is started.</param>
    public ThreadTeam(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        tickets = new long[(size + 1) * TicketStride];
        threads = new Thread[size - 1];
        for (var index = 0; index < threads.Length; index++)
        {
            var stretch = index + 1;
            threads[index] = new Thread(() => Serve(stretch)) { IsBackground = true, Name = $"kernels {stretch}" };
        }

        foreach (var thread in threads)
        {
            thread.Start();
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
        blocks = count;
        unfinished = count;
        fault = null;
        for (var stretch = 0; stretch < Stretches; stretch++)
        {
            ref var ticket = ref Ticket(stretch);
            Volatile.Write(ref ticket, (((ticket >> 32) + 1) << 32) | (uint)(FirstBlock(stretch + 1) - FirstBlock(stretch)));
        }

        Interlocked.Increment(ref published);
        if (Volatile.Read(ref sleeping) > 0)
        {
            lock (gate)
            {
                Monitor.PulseAll(gate);
            }
        }

        TakeBlocks(stretch: 0);
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

    private int Stretches => threads.Length + 1;

    private int FirstBlock(int stretch) => (int)((long)blocks * stretch / Stretches);

    private ref long Ticket(int stretch) => ref tickets[(stretch + 1) * TicketStride];

    private void Serve(int stretch)
    {
        while (!ending)
        {
            var seen = Volatile.Read(ref published);
            TakeBlocks(stretch);
            if (!SeesWork(seen))
            {
                Sleep(seen);
            }
        }
    }

    private void TakeBlocks(int stretch)
    {
        var done = 0;
        for (var next = 0; next < Stretches; next++)
        {
            done += TakeBlocksOf((stretch + next) % Stretches);
        }

        if (done > 0)
        {
            Interlocked.Add(ref unfinished, -done);
        }
    }

    private int TakeBlocksOf(int stretch)
    {
        ref var ticket = ref Ticket(stretch);
        for (var done = 0; ;)
        {
            var seen = Volatile.Read(ref ticket);
            if ((uint)seen == 0)
            {
                return done;
            }

            var invoke = execute;
            var on = work;
            var block = FirstBlock(stretch) + (int)(uint)seen - 1;
            if (Interlocked.CompareExchange(ref ticket, seen - 1, seen) != seen)
            {
                continue;
            }

            try
            {
                invoke(on, block);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref fault, exception, null);
            }

            done++;
        }
    }

    private bool SeesWork(int seen)
    {
        var end = Stopwatch.GetTimestamp() + (long)(LookoutSeconds * Stopwatch.Frequency);
        do
        {
            if (Volatile.Read(ref published) != seen)
            {
                return true;
            }

            Thread.SpinWait(8);
        }
        while (Stopwatch.GetTimestamp() < end);

        return false;
    }

    private void Sleep(int seen)
    {
        lock (gate)
        {
            // A full fence: either the caller sees a sleeper, or the sleeper sees what the caller published.
            Interlocked.Increment(ref sleeping);
            while (Volatile.Read(ref published) == seen && !ending)
            {
                Monitor.Wait(gate);
            }

            Interlocked.Decrement(ref sleeping);
        }
    }
}
