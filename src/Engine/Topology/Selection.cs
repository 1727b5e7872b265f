namespace SparseService.Engine.Topology;

/// <summary>Order statistics by counting leading bits (radix selection): three passes, no copy, no sorting.</summary>
public static class Selection
{
    private const int Bits = 11;
    private const int Bins = 1 << Bits;

    /// <summary>Finds the <paramref name="count"/>-th smallest item (from 1).</summary>
    /// <param name="items">No NaN.</param>
    public static float Smallest(ReadOnlySpan<float> items, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, items.Length);
        Span<int> counts = stackalloc int[Bins];
        var (prefix, known, left) = (0u, 0, count);
        while (known < 32)
        {
            var width = Math.Min(Bits, 32 - known);
            counts.Clear();
            foreach (var item in items)
            {
                var key = Key(item);
                if (known == 0 || key >> (32 - known) == prefix)
                {
                    counts[(int)((key >> (32 - known - width)) & ((1u << width) - 1))]++;
                }
            }

            var bin = 0;
            while (left > counts[bin])
            {
                left -= counts[bin++];
            }

            prefix = (prefix << width) | (uint)bin;
            known += width;
        }

        return Value(prefix);
    }

    /// <summary>Percentile with linear interpolation between order statistics (NumPy's default).</summary>
    /// <param name="items">At least one; no NaN.</param>
    /// <param name="percent">0 to 100.</param>
    public static double Percentile(ReadOnlySpan<float> items, double percent)
    {
        var position = percent / 100 * (items.Length - 1);
        var below = (int)position;
        var lower = Smallest(items, below + 1);
        return below + 1 >= items.Length ? lower : lower + ((position - below) * ((double)Smallest(items, below + 2) - lower));
    }

    // Ordered as the floats are: negatives have all bits turned, the others only the sign. −0 is 0.
    private static uint Key(float value)
    {
        var bits = BitConverter.SingleToInt32Bits(value + 0f);
        return (uint)(bits ^ ((bits >> 31) | int.MinValue));
    }

    private static float Value(uint key) => BitConverter.UInt32BitsToSingle((key >> 31) == 0 ? ~key : key ^ (1u << 31));
}
