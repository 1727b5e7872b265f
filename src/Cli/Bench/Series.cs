namespace SparseService.Cli.Bench;

/// <summary>Repeated measurements of one thing, in seconds: median, and from fastest to slowest as the spread.</summary>
internal sealed record Series(IReadOnlyList<double> Seconds)
{
    public double Median { get; } = MedianOf(Seconds);

    public double Fastest => Seconds.Min();

    public double Slowest => Seconds.Max();

    public static double MedianOf(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
