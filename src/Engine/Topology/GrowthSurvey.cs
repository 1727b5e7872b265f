namespace SparseService.Engine.Topology;

/// <summary>What must be known of the free sites of all rows before connections grow: how many there are, and the highest priorities.</summary>
/// <param name="capacity">Priorities to expect.</param>
public sealed class GrowthSurvey(int capacity = 0)
{
    private readonly List<ulong> watched = new(capacity);

    /// <summary>Sites without a connection.</summary>
    public long Free { get; private set; }

    /// <summary>Priorities of free sites from <see cref="GrowthSites.Watched"/> on, in no order; a few times √(connections that grow).</summary>
    public IReadOnlyList<ulong> Watched => watched;

    /// <summary>Counts a free site.</summary>
    /// <param name="from">Priorities that are kept.</param>
    public void Add(ulong priority, ulong from)
    {
        Free++;
        if (priority >= from)
        {
            watched.Add(priority);
        }
    }

    /// <summary>Adds the survey of other rows.</summary>
    public void Add(long free, ReadOnlySpan<ulong> priorities)
    {
        Free += free;
        watched.AddRange(priorities);
    }

    /// <summary>From which priority on sites are left out, so that exactly <paramref name="count"/> remain; null when none is.</summary>
    /// <returns>False when too few are free or watched: the sites must be drawn anew.</returns>
    public bool TryCut(long count, out ulong? cut)
    {
        cut = null;
        var leftOut = Free - count;
        if (leftOut < 0 || leftOut > watched.Count)
        {
            return false;
        }

        if (leftOut > 0)
        {
            watched.Sort();
            cut = watched[^(int)leftOut];
        }

        return true;
    }
}
