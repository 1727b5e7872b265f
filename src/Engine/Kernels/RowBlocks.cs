namespace SparseService.Engine.Kernels;

/// <summary>
/// Cuts the rows of a matrix into blocks of about equal work. The cut depends on the matrix alone, never on the number of
/// threads,
/// so that sums over a block, added in block order, are the same on any machine.
/// </summary>
internal readonly unsafe struct RowBlocks
{
    public const int MostBlocks = 256;
    private const long BlockWork = 2048;

    // What a row costs besides its connections, in connections: its activation and its stores.
    private const long RowWork = 8;

    private readonly long* offsets;
    private readonly int rows;

    /// <param name="offsets">rows + 1 offsets; must stay where they are.</param>
    public RowBlocks(long* offsets, int rows)
    {
        this.offsets = offsets;
        this.rows = rows;
        Count = (int)Math.Clamp(WorkBefore(rows) / BlockWork, Math.Min(rows, 1), MostBlocks);
    }

    public int Rows => rows;

    public long Connections => offsets[rows] - offsets[0];

    /// <summary>0 if there are no rows.</summary>
    public int Count { get; }

    public int FirstRow(int block)
    {
        // At most (2³¹ + 8·2³¹)·256.
        var wanted = WorkBefore(rows) * block / Count;
        var (low, high) = Around((int)((long)rows * block / Count), wanted);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (WorkBefore(middle) < wanted)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    public int EndRow(int block) => block + 1 == Count ? rows : FirstRow(block + 1);

    // Rows are about as long as each other: the border is near the guess (measured: the search 1.3 → 0.4 % of an epoch).
    private (int Low, int High) Around(int guess, long wanted)
    {
        var step = 4;
        if (WorkBefore(guess) < wanted)
        {
            var low = guess;
            while (guess < rows && WorkBefore(guess) < wanted)
            {
                (low, guess, step) = (guess, (int)Math.Min(rows, (long)guess + step), 2 * step);
            }

            return (low, guess);
        }

        var high = guess;
        while (guess > 0 && WorkBefore(guess) >= wanted)
        {
            (high, guess, step) = (guess, Math.Max(0, guess - step), 2 * step);
        }

        return (guess, high);
    }

    private long WorkBefore(int row) => offsets[row] - offsets[0] + (row * RowWork);
}
