namespace SparseService.Engine.Parallel.Averaged;

/// <summary>How many updates were how many updates old when they were applied.</summary>
internal sealed class StalenessHistogram(int workers)
{
    private readonly long[] counts = new long[LengthOf(workers)];

    public IReadOnlyList<long> Counts => counts;

    /// <summary>A worker that waits for each update is seldom older than the others are many.</summary>
    public static int LengthOf(int workers) => Math.Clamp(2 * workers, 4, 64) + 1;

    public void Add(long staleness) => counts[Math.Min(staleness, counts.Length - 1)]++;

    public void Clear() => Array.Clear(counts);
}
