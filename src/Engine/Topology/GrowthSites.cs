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
    private readonly double inverseLogMiss;
    private readonly ulong rowKey;
    private readonly ulong priorityKey;
    private readonly ulong weightKey;

    private GrowthSites(OpenNeurons open, int columns, long most, double probability, RandomStream keys)
    {
        this.open = open;
        this.columns = columns;

        // log(0) = −∞ for probability 1: every gap is then 1 and every cell a site.
        // Below 10⁻⁸ the difference would round, at last to 1 and its logarithm to 0; the series is exact there.
        inverseLogMiss = 1 / (probability < 1e-8 ? -probability : Math.Log(1 - Math.Min(1, probability)));
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

    /// <param name="open">Neurons that may get connections.</param>
    /// <param name="columns">Input neurons, closed ones included.</param>
    /// <param name="nnz">Connections before the update.</param>
    /// <param name="most">The most connections that the update may replace: a number that rounding cannot change, as a draw depends on it.</param>
    /// <param name="keys">The layer's stream of this epoch; what is drawn from it makes the keys.</param>
    public static GrowthSites Of(OpenNeurons open, int columns, long nnz, long most, ref RandomStream keys)
    {
        // Four standard deviations of room: one draw in thousands has too few free sites and is drawn anew.
        var free = open.Cells - nnz + most;
        return new GrowthSites(open, columns, most, (most + (4 * Math.Sqrt(most)) + 4) / Math.Max(1, free), keys.Fork());
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

    private ulong Cell(long row, int column) => (ulong)((row * columns) + column);

    /// <summary>Gives out the sites of one row. Gaps between cells that are taken independently are geometric (Batagelj and Brandes 2005).</summary>
    public struct RowSites
    {
        private readonly OpenNeurons open;
        private readonly double inverseLogMiss;
        private ulong state;
        private double place;

        internal RowSites(in GrowthSites sites, long row)
        {
            open = sites.open;
            inverseLogMiss = sites.inverseLogMiss;
            state = RandomStream.Mix(sites.rowKey ^ (ulong)row);
            place = open.IsRowOpen(row) ? open.ColumnCount : 0;
        }

        /// <returns>False after the first column's.</returns>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Next(out int column)
        {
            // Uniform in (0, 1]: one draw of SplitMix64, whose every output is a mixed counter.
            var uniform = ((RandomStream.Mix(state++) >> 11) + 1) * (1.0 / (1UL << 53));
            place -= 1 + Math.Floor(Math.Log(uniform) * inverseLogMiss);
            var isThere = place >= 0;
            column = isThere ? open.Column((int)place) : -1;
            return isThere;
        }
    }
}
