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
    /// <summary>Bits of a threshold that each pass after the first finds.</summary>
    public const int LowBits = 10;

    /// <summary>Bins of the first pass, of each sign.</summary>
    public const int LeadingBins = 1 << (31 - (2 * LowBits));

    /// <summary>Bins of the other passes, of each sign.</summary>
    public const int Bins = 1 << LowBits;

    private const uint Sign = 1u << 31;

    private Threshold negative;
    private Threshold positive;

    private MagnitudeCut(Threshold negative, Threshold positive)
    {
        (this.negative, this.positive) = (negative, positive);
        Dropped = (long)negative.Drop + positive.Drop;
    }

    /// <summary>Values that go.</summary>
    public readonly long Dropped { get; }

    /// <summary>The largest magnitude of a negative value that goes.</summary>
    public readonly CutEnd Negative => negative.End;

    /// <summary>The same of the positive ones.</summary>
    public readonly CutEnd Positive => positive.End;

    /// <param name="dropFraction">ζ, 0 to below 1.</param>
    public static MagnitudeCut Of(float* values, long count, double dropFraction)
    {
        var counts = new CountedValues(values, count);
        return Of(ref counts, dropFraction);
    }

    /// <summary>The same from values that somebody else counts.</summary>
    public static MagnitudeCut Of<TCounts>(ref TCounts counts, double dropFraction)
        where TCounts : IMagnitudeCounts => Of(
            ref counts, (negative, positive) => ((int)(dropFraction * negative), (int)(dropFraction * positive)));

    /// <summary>The cut after which exactly <paramref name="kept"/> values are left: each sign gives its share, what rounding leaves over is a
    /// positive one.</summary>
    /// <param name="kept">0 to <paramref name="count"/>.</param>
    public static MagnitudeCut Keeping(float* values, long count, long kept)
    {
        var counts = new CountedValues(values, count);
        return Of(ref counts, (negative, positive) =>
        {
            var drop = count - kept;
            var negatives = count == 0 ? 0 : (long)((Int128)drop * negative / count);
            return ((int)negatives, (int)(drop - negatives));
        });
    }

    /// <param name="drop">From how many negative and positive values there are to how many of each go.</param>
    private static MagnitudeCut Of<TCounts>(ref TCounts values, Func<int, int, (int Negative, int Positive)> drop)
        where TCounts : IMagnitudeCounts
    {
        Span<int> counts = stackalloc int[2 * LeadingBins];
        values.CountLeading(counts);
        var (ofNegatives, ofPositives) = drop(TensorPrimitives.Sum<int>(counts[LeadingBins..]), TensorPrimitives.Sum<int>(counts[..LeadingBins]));
        var cut = new MagnitudeCut(Threshold.Begin(counts[LeadingBins..], ofNegatives), Threshold.Begin(counts[..LeadingBins], ofPositives));
        counts = counts[..(2 * Bins)];
        for (var shift = LowBits; shift >= 0 && cut.Dropped > 0; shift -= LowBits)
        {
            values.CountNext(shift, cut.positive.Prefix, cut.negative.Prefix, counts);
            cut.positive.Refine(counts[..Bins]);
            cut.negative.Refine(counts[Bins..]);
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
        public int Drop;
        private int ties;

        public readonly CutEnd End => new(Prefix, Left, ties);

        /// <param name="counts">Values by their leading bits.</param>
        /// <param name="drop">How many of them go.</param>
        public static Threshold Begin(ReadOnlySpan<int> counts, int drop)
        {
            var threshold = new Threshold { Left = drop, Drop = drop };
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

            ties = counts[bin];
            return (uint)bin;
        }
    }

    private readonly struct CountedValues(float* values, long count) : IMagnitudeCounts
    {
        public void CountLeading(Span<int> counts)
        {
            counts.Clear();
            fixed (int* bins = counts)
            {
                for (var k = 0L; k < count; k++)
                {
                    bins[Bits(values[k]) >> (2 * LowBits)]++;
                }
            }
        }

        public void CountNext(int shift, uint positive, uint negative, Span<int> counts)
        {
            counts.Clear();
            fixed (int* bins = counts)
            {
                for (var k = 0L; k < count; k++)
                {
                    var bits = Bits(values[k]);
                    var prefix = bits >> (shift + LowBits);
                    if (prefix == positive || prefix == (negative | (Sign >> (shift + LowBits))))
                    {
                        bins[((bits >> 31) * Bins) + ((bits >> shift) & (Bins - 1))]++;
                    }
                }
            }
        }
    }
}

/// <summary>Where a sign's part of a cut ends.</summary>
/// <param name="Magnitude">Bits of the largest magnitude that goes.</param>
/// <param name="Go">Of the values that have it, so many go, the first ones.</param>
/// <param name="Ties">Values that have it; of a cut that drops nothing it says nothing.</param>
internal readonly record struct CutEnd(uint Magnitude, int Go, int Ties);

/// <summary>Values that can be counted by their bits, wherever they are. −0 counts as 0.</summary>
internal interface IMagnitudeCounts
{
    /// <param name="counts">[sign, leading bits], positive first; overwritten.</param>
    void CountLeading(Span<int> counts);

    /// <summary>Counts those whose leading bits are a sign's, by the next ones.</summary>
    /// <param name="shift">Bits behind the next ones.</param>
    /// <param name="positive">Leading bits of positive ones.</param>
    /// <param name="negative">Leading bits of the magnitude of negative ones.</param>
    /// <param name="counts">[sign, next bits], positive first; overwritten.</param>
    void CountNext(int shift, uint positive, uint negative, Span<int> counts);
}
