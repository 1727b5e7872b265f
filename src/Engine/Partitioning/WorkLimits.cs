namespace SparseService.Engine.Partitioning;

/// <summary>How much work a part may have: (1 + ε) times the average, or, where rows do not divide so well, what a packing of the rows reaches.</summary>
internal sealed class WorkLimits
{
    private WorkLimits(long most, int[] packing) => (Most, Packing) = (most, packing);

    /// <summary>Of each part.</summary>
    public long Most { get; }

    /// <summary>An assignment that keeps it.</summary>
    public int[] Packing { get; }

    public static WorkLimits Of(long[] work, int parts, double imbalance)
    {
        var order = Enumerable.Range(0, work.Length).OrderByDescending(row => work[row]).ThenBy(row => row).ToArray();
        var total = work.Sum();
        var wanted = Math.Max((long)Math.Floor((1 + imbalance) * total / parts), work.DefaultIfEmpty().Max());
        var packing = LongestFirst(work, order, parts, out var reached);

        // Filling parts to a given limit one by one packs some sets of rows better (MULTIFIT; Coffman, Garey and Johnson 1978).
        var (low, high) = (wanted, reached);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (FirstFit(work, order, parts, middle) is { } found)
            {
                (packing, high) = (found, middle);
            }
            else
            {
                low = middle + 1;
            }
        }

        return new WorkLimits(Math.Max(wanted, Math.Min(reached, high)), packing);
    }

    private static int[] LongestFirst(long[] work, int[] order, int parts, out long reached)
    {
        var (owners, lightest) = (new int[work.Length], new PriorityQueue<int, (long Load, int Part)>());
        for (var part = 0; part < parts; part++)
        {
            lightest.Enqueue(part, (0, part));
        }

        reached = 0;
        foreach (var row in order)
        {
            lightest.TryDequeue(out var part, out var key);
            owners[row] = part;
            reached = Math.Max(reached, key.Load + work[row]);
            lightest.Enqueue(part, (key.Load + work[row], part));
        }

        return owners;
    }

    private static int[]? FirstFit(long[] work, int[] order, int parts, long most)
    {
        var (owners, loads) = (new int[work.Length], new long[parts]);
        foreach (var row in order)
        {
            var part = 0;
            while (part < parts && loads[part] + work[row] > most)
            {
                part++;
            }

            if (part == parts)
            {
                return null;
            }

            owners[row] = part;
            loads[part] += work[row];
        }

        return owners;
    }
}
