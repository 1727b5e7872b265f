using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SparseService.Engine.Parallel.Mpi;

/// <summary>What to do between two looks at a message that is not there yet: the longer it takes, the rarer the looks.</summary>
internal partial struct Pause
{
    private const double LookoutSeconds = 50e-6;
    private const double PolitelySeconds = 1e-3;
    private const uint ShortNap = 50;
    private const uint LongNap = 500;
    private const double LongWaitSeconds = 50e-3;

    private readonly long started;

    public Pause() => started = Stopwatch.GetTimestamp();

    public readonly double Seconds => Stopwatch.GetElapsedTime(started).TotalSeconds;

    public readonly void Rest()
    {
        switch (Seconds)
        {
            case < LookoutSeconds:
                Thread.SpinWait(4);
                break;
            case < PolitelySeconds:
                Thread.Yield(); // There may be more ranks here than processors.
                break;
            case var seconds:
                _ = SleepMicroseconds(seconds < LongWaitSeconds ? ShortNap : LongNap);
                break;
        }
    }

    // .NET's own wait is no shorter than a millisecond.
    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int SleepMicroseconds(uint microseconds);
}
