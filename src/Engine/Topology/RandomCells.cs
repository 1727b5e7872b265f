namespace SparseService.Engine.Topology;

/// <summary>Uniform random choices of cells of a matrix, without ever visiting all cells.</summary>
public static class RandomCells
{
    /// <summary>
    /// Takes each of <paramref name="cells"/> cells with probability <paramref name="probability"/>, independently, in ascending order. The gaps
    /// between taken cells are geometric, so the cost is that of the result and not of the matrix (Batagelj and Brandes 2005).
    /// </summary>
    public static IEnumerable<long> Bernoulli(long cells, double probability, RandomStream stream)
    {
        if (probability <= 0)
        {
            yield break;
        }

        // log(0) = −∞ for probability 1: every gap is then 1 and every cell taken.
        // Below 10⁻⁸ the difference would round, at last to 1 and its logarithm to 0; the series is exact there.
        var logMiss = probability < 1e-8 ? -probability : Math.Log(1 - Math.Min(1, probability));
        for (var cell = -1.0; ;)
        {
            cell += 1 + Math.Floor(Math.Log(1 - stream.NextDouble()) / logMiss);
            if (cell >= cells)
            {
                yield break;
            }

            yield return (long)cell;
        }
    }

    /// <summary>Draws <paramref name="count"/> distinct numbers from [0, <paramref name="bound"/>), each subset equally likely.</summary>
    /// <returns>Ascending. O(count) memory, also when count is close to bound.</returns>
    public static long[] Distinct(long bound, long count, ref RandomStream stream)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, bound);
        if (count <= bound / 2)
        {
            return DistinctFew(bound, count, ref stream);
        }

        // More than half: draw those left out, so that repeats stay rare, and return the others.
        var leftOut = DistinctFew(bound, bound - count, ref stream);
        var taken = new long[count];
        long next = 0;
        var position = 0;
        foreach (var skip in leftOut.Append(bound))
        {
            while (next < skip)
            {
                taken[position++] = next++;
            }

            next = skip + 1;
        }

        return taken;
    }

    private static long[] DistinctFew(long bound, long count, ref RandomStream stream)
    {
        var drawn = new long[count];
        var distinct = 0;
        while (distinct < count)
        {
            // Redraw only what is missing: the union of the rounds is uniform over subsets, since no number is preferred in any round.
            for (var i = distinct; i < count; i++)
            {
                drawn[i] = stream.NextBelow(bound);
            }

            Array.Sort(drawn);
            distinct = RemoveRepeats(drawn);
        }

        return drawn;
    }

    private static int RemoveRepeats(long[] sorted)
    {
        var kept = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            if (kept == 0 || sorted[i] != sorted[kept - 1])
            {
                sorted[kept++] = sorted[i];
            }
        }

        return kept;
    }
}
