using System.Runtime.CompilerServices;

namespace SparseService.Engine.Topology;

/// <summary>
/// Where connections may grow in one update of a layer. Each open cell is a site with the same probability, as a function of (key, row): a few more sites
/// are free than connections grow, and those with the highest priorities, a function of (key, cell), are left out.
/// </summary>
/// <remarks>
/// Nothing depends on which cells hold a connection: when two trainings drop another connection each, for a difference in the last bit of a weight, that
/// one cell is all that differs after the update. It also lets every rank of a partitioned network work on its own rows.
/// </remarks>
public readonly struct GrowthSites
{
    private readonly OpenNeurons open;
    private readonly int columns;
    private readonly OwnColumns? own;
    private readonly double inverseLogMiss;
    private readonly double ownInverseLogMiss;
    private readonly ulong rowKey;
    private readonly ulong priorityKey;
    private readonly ulong weightKey;

    private GrowthSites(
        OpenNeurons open, int columns, long most, (double All, double Own) probability, OwnColumns? own, RandomStream keys)
    {
        this.open = open;
        this.columns = columns;
        this.own = own;
        (inverseLogMiss, ownInverseLogMiss) = (InverseLogMiss(probability.All), InverseLogMiss(probability.Own));
        (rowKey, priorityKey, weightKey) = (keys.NextUInt64(), keys.NextUInt64(), keys.NextUInt64());

        // About 4·√most + 4 are left out, ± √most.
        WatchedCount = (12 * Math.Sqrt(most)) + 32;
        var share = WatchedCount / Math.Max(1, most);
        Watched = share < 1 ? (ulong)((1 - share) * ulong.MaxValue) : 0;
    }

    /// <summary>Those left out have priorities from here on.</summary>
    public ulong Watched { get; }

    /// <summary>How many free sites have such priorities, about.</summary>
    public double WatchedCount { get; }

    /// <summary>What <see cref="Priority"/> depends on besides the cell.</summary>
    internal ulong PriorityKey => priorityKey;

    /// <param name="open">Neurons that may get connections.</param>
    /// <param name="columns">Input neurons, closed ones included.</param>
    /// <param name="nnz">Connections before the update.</param>
    /// <param name="most">The most connections that the update may replace: a number that rounding cannot change, as a draw depends on it.</param>
    /// <param name="keys">The layer's stream of this epoch; what is drawn from it makes the keys.</param>
    /// <param name="own">Where given, cells of a row's own part are sites with another probability than the others.</param>
    /// <param name="ownLeft">Connections of own parts that the update has left, of all rows.</param>
    /// <param name="left">Connections that the update has left, of all rows; needed with <paramref name="own"/>.</param>
    public static GrowthSites Of(
        OpenNeurons open, int columns, long nnz, long most, ref RandomStream keys, OwnColumns? own = null, long ownLeft = 0, long left = 0)
    {
        // Four standard deviations of room: one draw in thousands has too few free sites and is drawn anew.
        var wanted = most + (4 * Math.Sqrt(most)) + 4;
        var free = Math.Max(1, open.Cells - nnz + most);
        if (own is null)
        {
            return new GrowthSites(open, columns, most, (wanted / free, 0), own: null, keys.Fork());
        }

        // Full own columns, or full others, leave the rest to the other kind.
        var ownFree = (double)(own.Cells - ownLeft);
        var otherFree = open.Cells - left - ownFree;
        var inOwn = Math.Min(Math.Max(own.Share * wanted, wanted - otherFree), ownFree);
        var probability = (All: (wanted - inOwn) / Math.Max(1, otherFree), Own: inOwn / Math.Max(1, ownFree));
        return new GrowthSites(open, columns, most, probability, own, keys.Fork());
    }

    /// <summary>The sites of a row, the last column first.</summary>
    public RowSites Row(long row) => new(this, row);

    /// <summary>Of all free sites, those with the highest priorities are left out. No two cells have the same.</summary>
    public ulong Priority(long row, int column) => RandomStream.Mix(priorityKey ^ Cell(row, column));

    /// <summary>First weight of a connection that grows there.</summary>
    public float Weight(WeightInitializer initializer, long row, int column)
    {
        var stream = RandomStream.From(weightKey ^ Cell(row, column));
        return initializer.Draw(ref stream);
    }

    // log(0) = −∞ for probability 1: every gap is then 1 and every cell a site.
    // Below 10⁻⁸ the difference would round, at last to 1 and its logarithm to 0; the series is exact there.
    private static double InverseLogMiss(double probability) =>
        1 / (probability < 1e-8 ? -probability : Math.Log(1 - Math.Min(1, probability)));

    private ulong Cell(long row, int column) => (ulong)((row * columns) + column);

    /// <summary>Gives out the sites of one row. Gaps between cells that are taken independently are geometric (Batagelj and Brandes 2005).</summary>
    public struct RowSites
    {
        private readonly OpenNeurons open;
        private readonly OwnColumns? own;
        private readonly double inverseLogMiss;
        private readonly double ownInverseLogMiss;
        private readonly long row;
        private ulong state;
        private ulong ownState;
        private double place;
        private double ownPlace;
        private int nextOwn;
        private int nextOther;

        internal RowSites(in GrowthSites sites, long row)
        {
            (open, own, this.row) = (sites.open, sites.own, row);
            (inverseLogMiss, ownInverseLogMiss) = (sites.inverseLogMiss, sites.ownInverseLogMiss);
            state = RandomStream.Mix(sites.rowKey ^ (ulong)row);
            place = open.IsRowOpen(row) ? open.ColumnCount : 0;
            if (own is not null)
            {
                ownState = RandomStream.Mix(state);
                ownPlace = open.IsRowOpen(row) ? own.Count(row) : 0;
                NextOwn();
                NextOther();
            }
        }

        /// <returns>False after the first column's.</returns>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Next(out int column) => own is null ? NextOfAll(out column) : NextOfBoth(out column);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private bool NextOfAll(out int column)
        {
            place -= Gap(ref state, inverseLogMiss);
            var isThere = place >= 0;
            column = isThere ? open.Column((int)place) : -1;
            return isThere;
        }

        // Own columns and others are two lists, merged.
        private bool NextOfBoth(out int column)
        {
            column = Math.Max(nextOwn, nextOther);
            if (column < 0)
            {
                return false;
            }

            if (nextOwn > nextOther)
            {
                NextOwn();
            }
            else
            {
                NextOther();
            }

            return true;
        }

        private void NextOwn()
        {
            ownPlace -= Gap(ref ownState, ownInverseLogMiss);
            nextOwn = ownPlace >= 0 ? own!.Column(row, (int)ownPlace) : -1;
        }

        // Drawn from all; own ones are passed over, which leaves the probability of the others as it is.
        private void NextOther()
        {
            while (NextOfAll(out nextOther) && own!.IsOwn(row, nextOther))
            {
            }
        }

        // Uniform in (0, 1]: one draw of SplitMix64, whose every output is a mixed counter.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static double Gap(ref ulong state, double inverseLogMiss)
        {
            var uniform = ((RandomStream.Mix(state++) >> 11) + 1) * (1.0 / (1UL << 53));
            return 1 + Math.Floor(Math.Log(uniform) * inverseLogMiss);
        }
    }
}
