using System.Diagnostics;

namespace SparseService.Cli.Bench;

/// <summary>Times something short: many calls a round, several rounds.</summary>
internal static class Rounds
{
    private const double RoundSeconds = 0.01;

    /// <summary>Seconds of one call, one number per round; what goes before them warms caches and compiler up.</summary>
    public static Series Time(int rounds, Action call)
    {
        var calls = CallsOf(call);
        Seconds(calls, call);
        return new Series([.. Enumerable.Range(0, rounds).Select(_ => Seconds(calls, call) / calls)]);
    }

    /// <summary>Calls that fill a round.</summary>
    public static int CallsOf(Action call)
    {
        var calls = 1;
        while (Seconds(calls, call) < RoundSeconds)
        {
            calls *= 2;
        }

        return calls;
    }

    public static double Seconds(int calls, Action call)
    {
        var started = Stopwatch.GetTimestamp();
        for (var index = 0; index < calls; index++)
        {
            call();
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
