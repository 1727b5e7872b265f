namespace SparseService.Engine.Topology;

/// <summary>
/// A uniform random choice of cells of a matrix, given out one by one in ascending order: no list of them ever exists, nothing is sorted,
/// and no cell that is not taken is visited. Gaps between cells that are taken independently are geometric (Batagelj and Brandes 2005).
/// </summary>
public struct RandomCells
{
    private readonly double cells;
    private readonly double inverseLogMiss;
    private RandomStream gaps;
    private RandomStream thinning;
    private double last;
    private long candidates;
    private long left;

    private RandomCells(long cells, double probability, RandomStream gaps)
    {
        this.cells = cells;
        this.gaps = gaps;
        last = -1;

        // log(0) = −∞ for probability 1: every gap is then 1 and every cell taken.
        // Below 10⁻⁸ the difference would round, at last to 1 and its logarithm to 0; the series is exact there.
        inverseLogMiss = 1 / (probability < 1e-8 ? -probability : Math.Log(1 - Math.Min(1, probability)));
        candidates = probability > 0 ? Count(this) : 0;
        left = candidates;
    }

    /// <summary>Cells that are still to come.</summary>
    public readonly long Left => left;

    /// <summary>
    /// Takes each of <paramref name="cells"/> cells with probability <paramref name="probability"/>, independently. The cost is that of the
    /// result, twice: the cells are counted before they are given out, so that who takes them knows how much room they need.
    /// </summary>
    /// <param name="cells">At most 2⁵³, so that a double tells any two cells apart.</param>
    public static RandomCells Bernoulli(long cells, double probability, RandomStream stream) => new(cells, probability, stream);

    /// <summary>Takes <paramref name="count"/> distinct of [0, <paramref name="bound"/>), each subset equally likely. O(count) time, no
    /// memory.</summary>
    /// <remarks>
    /// A few too many are taken independently, which makes all sets of their size equally likely; then as many as are too many are left out
    /// by Knuth's algorithm S (The Art of Computer Programming 3.4.2), which is exact. Measured 16 to 22 ns a cell; Vitter's method D, with
    /// its two logarithms and two exponentials, 27 to 33.
    /// </remarks>
    public static RandomCells Distinct(long bound, long count, ref RandomStream stream)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, bound);

        // Four standard deviations of room: one draw in thousands is too small and drawn anew.
        var probability = count == 0 ? 0 : (count + (4 * Math.Sqrt(count)) + 4) / bound;
        while (true)
        {
            var drawn = new RandomCells(bound, probability, stream.Fork());
            if (drawn.candidates >= count)
            {
                drawn.thinning = stream.Fork();
                drawn.left = count;
                return drawn;
            }
        }
    }

    /// <summary>Gives out the next cell.</summary>
    /// <returns>False after the last one.</returns>
    public bool Next(out long cell)
    {
        if (left == 0)
        {
            cell = -1;
            return false;
        }

        Step();
        while (candidates > left && thinning.NextBelow(candidates) >= left)
        {
            candidates--;
            Step();
        }

        candidates--;
        left--;
        cell = (long)last;
        return true;
    }

    private static long Count(RandomCells copy)
    {
        var count = -1L;
        while (copy.last < copy.cells)
        {
            copy.Step();
            count++;
        }

        return count;
    }

    private void Step() => last += 1 + Math.Floor(Math.Log(1 - gaps.NextDouble()) * inverseLogMiss);
}
