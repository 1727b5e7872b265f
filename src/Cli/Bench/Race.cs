namespace SparseService.Cli.Bench;

/// <param name="Name">For tables.</param>
/// <param name="MeasureAsync">Measures it once.</param>
internal sealed record Contender(string Name, Func<CancellationToken, Task<Measurement>> MeasureAsync);

/// <param name="Seconds">Of one epoch, or of one step.</param>
/// <param name="PeakMemoryBytes">Of the process, where it is one of its own.</param>
/// <param name="Share">Of the epoch that was really measured; the seconds are scaled to the whole.</param>
internal sealed record Measurement(double Seconds, long? PeakMemoryBytes = null, double? Share = null);

/// <summary>All measurements of one side.</summary>
/// <param name="PeakMemoryBytes">The highest of all rounds.</param>
/// <param name="Share">Below 1: so much of an epoch was measured and scaled.</param>
internal sealed record Side(string Name, Series Time, long? PeakMemoryBytes, double? Share)
{
    public double Median => Time.Median;
}

/// <summary>Measures several sides in turn, so that what else the machine does meets all of them.</summary>
internal static class Race
{
    public static async Task<IReadOnlyList<Side>> RunAsync(
        IReadOnlyList<Contender> contenders, int rounds, CancellationToken cancellationToken)
    {
        var measured = contenders.ToDictionary(contender => contender, _ => new List<Measurement>());
        for (var round = 1; round <= rounds; round++)
        {
            BenchRun.Say($"Round {round} of {rounds} …");
            foreach (var contender in contenders)
            {
                measured[contender].Add(await contender.MeasureAsync(cancellationToken));
            }
        }

        return
        [
            .. contenders.Select(contender => new Side(
                contender.Name,
                new Series([.. measured[contender].Select(one => one.Seconds)]),
                measured[contender].Max(one => one.PeakMemoryBytes),
                measured[contender].Min(one => one.Share))),
        ];
    }
}
