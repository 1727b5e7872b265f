using System.Diagnostics;

namespace SparseService.Engine.Parallel.Threads;

/// <summary>What a rank listens to while it waits: rung at each thing that may concern it.</summary>
internal sealed class Bell
{
    // Covers the gap between the steps of two ranks that do the same work; a sleeper takes about 50 µs to wake.
    private const double LookoutSeconds = 200e-6;

    private readonly object gate = new();
    private long rings;
    private int sleeping;

    /// <summary>Rings so far. To be read before the look at what is waited for, and given to <see cref="Sleep"/>.</summary>
    public long Rings => Volatile.Read(ref rings);

    public static bool IsLookoutOver(long since) => Stopwatch.GetElapsedTime(since).TotalSeconds > LookoutSeconds;

    public void Ring()
    {
        // A full fence: either the sleeper sees the new count, or it is seen here.
        Interlocked.Increment(ref rings);
        if (Volatile.Read(ref sleeping) > 0)
        {
            lock (gate)
            {
                Monitor.PulseAll(gate);
            }
        }
    }

    /// <summary>Sleeps until the bell has rung more often than that.</summary>
    public void Sleep(long heard)
    {
        lock (gate)
        {
            Interlocked.Increment(ref sleeping);
            while (Volatile.Read(ref rings) == heard)
            {
                Monitor.Wait(gate);
            }

            Interlocked.Decrement(ref sleeping);
        }
    }
}
