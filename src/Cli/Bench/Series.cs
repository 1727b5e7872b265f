namespace SparseService.Cli.Bench;

/// <summary>Repeated measurements of one thing, in seconds.</summary>
internal sealed record Series(string Name, IReadOnlyList<double> Seconds)
{
    public double Median { get; } = MedianOf(Seconds);

    public double Fastest => Seconds.Min();

    public double Slowest => Seconds.Max();

    private static double MedianOf(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
