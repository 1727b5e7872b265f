using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace SparseService.Engine.Topology;

/// <summary>
/// SET's two-sided drop as a rule: ⌊ζ·n⌋ of the negative and ⌊ζ·n⌋ of the positive values go, those closest to zero. Zero counts as
/// positive; of equals the first go.
/// </summary>
/// <remarks>
/// Both thresholds are found at once by counting the leading bits of all values, then the next bits of those that share them (radix
/// selection): three passes over the values, whatever their distribution, and no scratch but the counters. The bits of a float, sign apart,
/// order as its magnitude does.
/// </remarks>
internal unsafe struct MagnitudeCut : IConnectionRule
{
    private const int LowBits = 10;
    private const uint Sign = 1u << 31;

    private Threshold negative;
    private Threshold positive;

    private MagnitudeCut(Threshold negative, Threshold positive) => (this.negative, this.positive) = (negative, positive);

    /// <param name="dropFraction">ζ, 0 to below 1.</param>
    public static MagnitudeCut Of(float* values, long count, double dropFraction) =>
        Of(values, count, (negative, positive) => ((int)(dropFraction * negative), (int)(dropFraction * positive)));

    /// <summary>The cut after which exactly <paramref name="kept"/> values are left: each sign gives its share, what rounding leaves over is a
    /// positive one.</summary>
    /// <param name="kept">0 to <paramref name="count"/>.</param>
    public static MagnitudeCut Keeping(float* values, long count, long kept) => Of(values, count, (negative, positive) =>
    {
        var drop = count - kept;
        var negatives = count == 0 ? 0 : (long)((Int128)drop * negative / count);
        return ((int)negatives, (int)(drop - negatives));
    });

    /// <param name="drop">From how many negative and positive values there are to how many of each go.</param>
    private static MagnitudeCut Of(float* values, long count, Func<int, int, (int Negative, int Positive)> drop)
    {
        const int leading = 1 << (31 - (2 * LowBits));
        var counts = stackalloc int[2 * leading];
        new Span<int>(counts, 2 * leading).Clear();
        for (var k = 0L; k < count; k++)
        {
            counts[Bits(values[k]) >> (2 * LowBits)]++;
        }

        var positives = new ReadOnlySpan<int>(counts, leading);
        var negatives = new ReadOnlySpan<int>(counts + leading, leading);
        var (ofNegatives, ofPositives) = drop(TensorPrimitives.Sum(negatives), TensorPrimitives.Sum(positives));
        var cut = new MagnitudeCut(Threshold.Begin(negatives, ofNegatives), Threshold.Begin(positives, ofPositives));
        if (cut.negative.Left + cut.positive.Left == 0)
        {
            return cut;
        }

        for (var shift = LowBits; shift >= 0; shift -= LowBits)
        {
            const int bins = 1 << LowBits;
            new Span<int>(counts, 2 * bins).Clear();
            for (var k = 0L; k < count; k++)
            {
                var bits = Bits(values[k]);
                var prefix = bits >> (shift + LowBits);
                if (prefix == cut.positive.Prefix || prefix == (cut.negative.Prefix | (Sign >> (shift + LowBits))))
                {
                    counts[((bits >> 31) * bins) + ((bits >> shift) & (bins - 1))]++;
                }
            }

            cut.positive.Refine(new ReadOnlySpan<int>(counts, bins));
            cut.negative.Refine(new ReadOnlySpan<int>(counts + bins, bins));
        }

        return cut;
    }

    // The only branch is the rare one: signs and magnitudes follow no pattern that a processor could learn.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Keeps(int row, int column, float value)
    {
        var bits = Bits(value);
        var magnitude = bits & ~Sign;
        var threshold = positive.Prefix ^ ((positive.Prefix ^ negative.Prefix) & (uint)((int)bits >> 31));
        return magnitude == threshold ? KeepsEqual(bits >= Sign) : magnitude > threshold;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool KeepsEqual(bool isNegative) => isNegative ? negative.Left-- <= 0 : positive.Left-- <= 0;

    // −0 is a zero, and zero is positive.
    private static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value + 0f);

    /// <summary>The largest magnitude that goes, known bit by bit from the top, and how many of those that share its known bits
    /// go.</summary>
    private struct Threshold
    {
        public uint Prefix;
        public int Left;

        /// <param name="counts">Values by their leading bits.</param>
        /// <param name="drop">How many of them go.</param>
        public static Threshold Begin(ReadOnlySpan<int> counts, int drop)
        {
            var threshold = new Threshold { Left = drop };
            threshold.Prefix = threshold.Bin(counts);
            return threshold;
        }

        /// <param name="counts">Values with this prefix, by their next bits.</param>
        public void Refine(ReadOnlySpan<int> counts) => Prefix = (Prefix << LowBits) | Bin(counts);

        private uint Bin(ReadOnlySpan<int> counts)
        {
            var bin = 0;
            while (Left > counts[bin])
            {
                Left -= counts[bin++];
            }

            return (uint)bin;
        }
    }
}
