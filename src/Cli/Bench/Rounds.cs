using System.Diagnostics;

namespace SparseService.Cli.Bench;

/// <summary>Times something short: many calls a round, several rounds.</summary>
internal static class Rounds
{
    private const double RoundSeconds = 0.01;

    /// <summary>Seconds of one call, one number per round; what goes before them warms caches and compiler up.</summary>
    public static Series Time(string name, int rounds, Action call)
    {
        var calls = 1;
        while (Seconds(calls, call) < RoundSeconds)
        {
            calls *= 2;
        }

        Seconds(calls, call);
        return new Series(name, [.. Enumerable.Range(0, rounds).Select(_ => Seconds(calls, call) / calls)]);
    }

    private static double Seconds(int calls, Action call)
    {
        var started = Stopwatch.GetTimestamp();
        for (var index = 0; index < calls; index++)
        {
            call();
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
