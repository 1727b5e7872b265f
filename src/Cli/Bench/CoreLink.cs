using System.Diagnostics;

namespace SparseService.Cli.Bench;

/// <summary>How far apart the processors are that this program's threads run on.</summary>
/// <remarks>
/// A virtual machine's processors may move between the host's cores from second to second. Where two of them have a cache in common a
/// word takes some 50 ns from one to the other, else some 200, and everything that threads share costs as much more. Sides of a race are
/// compared in one and the same state.
/// </remarks>
internal static class CoreLink
{
    private const double NearSeconds = 100e-9;
    private const double PatienceSeconds = 15;
    private const int LookAgainMilliseconds = 200;
    private const int Tries = 12;
    private const int RoundTrips = 2000;
    private const int Batches = 10;

    private static bool isHopeless;

    /// <summary>Seconds that a word takes from one processor to another: the fastest of several batches.</summary>
    public static double Seconds()
    {
        var link = new Link();
        var partner = new Thread(link.Answer) { IsBackground = true };
        partner.Start();
        var seconds = link.Ask();
        partner.Join();
        return seconds;
    }

    /// <summary>Measures while processors are near each other, before and after; again where they were moved meanwhile. Where they never
    /// are near, it measures all the same.</summary>
    public static async Task<T> WhileNearAsync<T>(Func<Task<T>> measure)
    {
        var result = default(T)!;
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var wasNear = WaitUntilNear();
            result = await measure();
            if (!wasNear || Seconds() <= NearSeconds)
            {
                break;
            }
        }

        return result;
    }

    /// <inheritdoc cref="WhileNearAsync"/>
    public static T WhileNear<T>(Func<T> measure) => WhileNearAsync(() => Task.FromResult(measure())).GetAwaiter().GetResult();

    private static bool WaitUntilNear()
    {
        var started = Stopwatch.GetTimestamp();
        while (!isHopeless)
        {
            if (Seconds() <= NearSeconds)
            {
                return true;
            }

            isHopeless = Environment.ProcessorCount == 1 || Stopwatch.GetElapsedTime(started).TotalSeconds > PatienceSeconds;
            CancellationToken.None.WaitHandle.WaitOne(LookAgainMilliseconds); // no event tells that a processor was moved
        }

        return false;
    }

    // One asks, the other answers, by turns in one number that both look at.
    private sealed class Link
    {
        private int turn;

        public double Ask()
        {
            var fastest = double.MaxValue;
            for (int batch = 0, next = 0; batch < Batches; batch++)
            {
                var started = Stopwatch.GetTimestamp();
                for (var trip = 0; trip < RoundTrips; trip++)
                {
                    Volatile.Write(ref turn, ++next);
                    WaitFor(++next);
                }

                fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(started).TotalSeconds / RoundTrips / 2);
            }

            return fastest;
        }

        public void Answer()
        {
            for (int trip = 0, next = 0; trip < Batches * RoundTrips; trip++)
            {
                WaitFor(++next);
                Volatile.Write(ref turn, ++next);
            }
        }

        // A pause would add its own length; who looks in vain for long leaves the processor to the other.
        private void WaitFor(int value)
        {
            for (var looks = 1; Volatile.Read(ref turn) != value; looks++)
            {
                if (looks % 10_000 == 0)
                {
                    Thread.Yield();
                }
            }
        }
    }
}
