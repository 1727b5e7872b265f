using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>
/// <see cref="MagnitudeCut"/> over the rows of all ranks: the same connections go. The thresholds are found bit by bit as there, with counts added up over
/// the ranks; of equals the first in the matrix go, and where only some of them do, the bits of their rows' numbers take part as lower bits of the magnitude.
/// </summary>
internal unsafe struct SharedCut : IConnectionRule
{
    private const int Signs = 2;
    private const int LeadingBits = 11;
    private const int Digit = 10;
    private const uint SignBit = 1u << 31;

    private readonly int[] neurons;
    private Threshold positive;
    private Threshold negative;

    private SharedCut(int[] neurons) => this.neurons = neurons;

    /// <summary>How many go, of all ranks.</summary>
    public long Dropped { get; private set; }

    /// <summary>Collective.</summary>
    /// <param name="rows">Own rows.</param>
    /// <param name="neurons">Their numbers, ascending.</param>
    /// <param name="dropFraction">ζ, 0 to below 1.</param>
    public static SharedCut Of(ICommunicator communicator, CsrMatrix rows, int[] neurons, double dropFraction)
    {
        var cut = new SharedCut(neurons);
        var counts = new long[Signs << LeadingBits];
        for (var k = 0L; k < rows.Nnz; k++)
        {
            counts[Bits(rows.Values.Pointer[k]) >> (31 - LeadingBits)]++;
        }

        communicator.AllReduce(counts);
        var half = counts.Length / Signs;
        cut.positive = Threshold.Begin(counts.AsSpan(0, half), dropFraction);
        cut.negative = Threshold.Begin(counts.AsSpan(half), dropFraction);
        cut.Dropped = cut.positive.Dropped + cut.negative.Dropped;
        if (cut.Dropped == 0)
        {
            return cut;
        }

        for (var shift = 31 - LeadingBits - Digit; shift >= 0; shift -= Digit)
        {
            cut.Refine(communicator, rows, shift);
        }

        for (var shift = 3 * Digit; shift >= 0 && (cut.positive.IsShared || cut.negative.IsShared); shift -= Digit)
        {
            cut.RefineByRow(communicator, rows, shift);
        }

        return cut;
    }

    public bool Keeps(int row, int column, float value)
    {
        var bits = Bits(value);
        return bits >= SignBit ? negative.Keeps(bits & ~SignBit, neurons[row]) : positive.Keeps(bits, neurons[row]);
    }

    // −0 is a zero, and zero is positive.
    private static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value + 0f);

    private void Refine(ICommunicator communicator, CsrMatrix rows, int shift)
    {
        const int bins = 1 << Digit;
        var counts = new long[Signs * bins];
        for (var k = 0L; k < rows.Nnz; k++)
        {
            var bits = Bits(rows.Values.Pointer[k]);
            var sign = (int)(bits >> 31);
            var magnitude = bits & ~SignBit;
            if (magnitude >> (shift + Digit) == (sign == 0 ? positive.Prefix : negative.Prefix))
            {
                counts[(sign * bins) + ((magnitude >> shift) & (bins - 1))]++;
            }
        }

        communicator.AllReduce(counts);
        positive.Refine(counts.AsSpan(0, bins));
        negative.Refine(counts.AsSpan(bins));
    }

    private void RefineByRow(ICommunicator communicator, CsrMatrix rows, int shift)
    {
        const int bins = 1 << Digit;
        var counts = new long[Signs * bins];
        for (var row = 0; row < rows.Rows; row++)
        {
            for (var k = rows.RowOffsets.Pointer[row]; k < rows.RowOffsets.Pointer[row + 1L]; k++)
            {
                var bits = Bits(rows.Values.Pointer[k]);
                var threshold = bits >= SignBit ? negative : positive;
                if ((bits & ~SignBit) == threshold.Prefix && neurons[row] >> shift >> Digit == threshold.Row)
                {
                    counts[((bits >> 31) * bins) + ((neurons[row] >> shift) & (bins - 1))]++;
                }
            }
        }

        communicator.AllReduce(counts);
        positive.RefineRow(counts.AsSpan(0, bins));
        negative.RefineRow(counts.AsSpan(bins));
    }

    /// <summary>The largest magnitude that goes, known bit by bit from the top; then, of those that have it, the last row where one goes.</summary>
    private struct Threshold
    {
        public uint Prefix;

        /// <summary>How many go.</summary>
        public long Dropped;

        /// <summary>Of those that share what is known, how many go …</summary>
        public long Left;

        /// <summary>… and how many there are.</summary>
        private long there;

        public int Row;

        private bool hasRow;

        /// <summary>Whether some of those with the largest magnitude go and some stay.</summary>
        public readonly bool IsShared => Left > 0 && Left < there;

        public static Threshold Begin(ReadOnlySpan<long> counts, double dropFraction)
        {
            var total = 0L;
            foreach (var count in counts)
            {
                total += count;
            }

            var threshold = new Threshold { Dropped = (long)(dropFraction * total), Left = (long)(dropFraction * total) };
            threshold.Prefix = (uint)threshold.Bin(counts);
            return threshold;
        }

        public void Refine(ReadOnlySpan<long> counts) => Prefix = (Prefix << Digit) | (uint)Bin(counts);

        public void RefineRow(ReadOnlySpan<long> counts)
        {
            hasRow = true;
            Row = (Row << Digit) | Bin(counts);
        }

        public bool Keeps(uint magnitude, int row)
        {
            if (magnitude != Prefix)
            {
                return magnitude > Prefix;
            }

            return hasRow && row != Row ? row > Row : Left-- <= 0;
        }

        private int Bin(ReadOnlySpan<long> counts)
        {
            var bin = 0;
            while (Left > counts[bin])
            {
                Left -= counts[bin++];
            }

            there = counts[bin];
            return bin;
        }
    }
}
