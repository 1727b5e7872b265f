using System.Numerics;
using System.Runtime.InteropServices;

namespace SparseService.Engine.Inference.Challenge;

/// <summary>A layer in whole numbers, each of its different neurons once.</summary>
/// <remarks>Weights in units of 2^−<see cref="WeightBits"/>, activations in units of 2^−<see cref="Bits"/>.</remarks>
internal sealed class ExactLayer
{
    /// <summary>Behind the point, of a float32 of at least 2⁻⁴⁰; what lies below is cut off.</summary>
    public const int BiasBits = 64;

    private const int MostWeightBits = 20;
    private const int WordBits = 62;

    private readonly int[] offsets;
    private readonly int[] columns;
    private readonly long[] weights;
    private readonly double[] bias;
    private readonly long[] biasLow;
    private readonly long[] biasHigh;

    /// <param name="inputClasses">Which of the previous layer's different neurons each of its neurons is.</param>
    /// <param name="inputs">How many different ones there are.</param>
    public ExactLayer(CompactLayer layer, ReadOnlySpan<int> inputClasses, int inputs)
    {
        (WeightBits, Bits) = ScaleOf(layer);
        Cap = (long)layer.Cap << Bits;
        if (layer.Cap != MathF.Floor(layer.Cap))
        {
            throw new ArgumentException($"The cap is {layer.Cap}; allowed: whole numbers");
        }

        Classes = new int[layer.Outputs];
        var rows = DifferentRows(layer, Classes);
        (offsets, bias) = (new int[rows.Count + 1], new double[rows.Count]);
        (biasLow, biasHigh) = (new long[rows.Count], new long[rows.Count]);
        var (joined, list) = (new long[inputs], new List<(int Column, long Weight)>());
        for (var at = 0; at < rows.Count; at++)
        {
            Join(layer, rows[at], inputClasses, joined, list);
            offsets[at + 1] = list.Count;

            bias[at] = layer.Bias[rows[at]];
            biasLow[at] = (long)Math.Floor(Math.ScaleB(bias[at], Bits + WeightBits));
            biasHigh[at] = (long)Math.Ceiling(Math.ScaleB(bias[at], Bits + WeightBits));
        }

        (columns, weights) = ([.. list.Select(one => one.Column)], [.. list.Select(one => one.Weight)]);
    }

    public int WeightBits { get; }

    /// <summary>Of an activation, behind the point.</summary>
    public int Bits { get; }

    /// <summary>The largest activation.</summary>
    public long Cap { get; }

    /// <summary>Different neurons.</summary>
    public int Count => biasLow.Length;

    /// <summary>For each neuron which of the different ones it is.</summary>
    public int[] Classes { get; }

    /// <summary>Bounds of the outputs from bounds of the inputs, both in this layer's units.</summary>
    /// <returns>Whether all are surely at the cap, and whether one may be above 0.</returns>
    public (bool Full, bool MayLive) Apply(ReadOnlySpan<long> low, ReadOnlySpan<long> high, Span<long> outLow, Span<long> outHigh)
    {
        var (full, mayLive) = (true, false);
        var round = (1L << WeightBits) - 1;
        for (var row = 0; row < Count; row++)
        {
            var (sumLow, sumHigh) = (biasLow[row], biasHigh[row]);
            for (var k = offsets[row]; k < offsets[row + 1]; k++)
            {
                var (w, column) = (weights[k], columns[k]);
                sumLow += w * (w > 0 ? low[column] : high[column]);
                sumHigh += w * (w > 0 ? high[column] : low[column]);
            }

            outLow[row] = Math.Clamp(sumLow >> WeightBits, 0, Cap);
            outHigh[row] = Math.Clamp((sumHigh + round) >> WeightBits, 0, Cap);
            full &= outLow[row] == Cap;
            mayLive |= outHigh[row] > 0;
        }

        return (full, mayLive);
    }

    /// <summary>The outputs themselves, without any rounding.</summary>
    /// <param name="x">In units of 2^−<paramref name="bits"/>.</param>
    /// <param name="bits">At least <see cref="BiasBits"/>; becomes larger by <see cref="WeightBits"/>.</param>
    public BigInteger[] Apply(BigInteger[] x, ref int bits)
    {
        bits += WeightBits;
        var (cap, y) = (BigInteger.One * (Cap >> Bits) << bits, new BigInteger[Count]);
        for (var row = 0; row < Count; row++)
        {
            var sum = new BigInteger(Math.ScaleB(bias[row], BiasBits)) << (bits - BiasBits);
            for (var k = offsets[row]; k < offsets[row + 1]; k++)
            {
                sum += weights[k] * x[columns[k]];
            }

            y[row] = BigInteger.Max(0, BigInteger.Min(cap, sum));
        }

        return y;
    }

    // As many bits as a sum of products leaves room for.
    private static (int WeightBits, int Bits) ScaleOf(CompactLayer layer)
    {
        var weightBits = 0;
        foreach (var value in layer.Values.Span)
        {
            while (Math.ScaleB(value, weightBits) != Math.Floor(Math.ScaleB(value, weightBits)))
            {
                if (++weightBits > MostWeightBits)
                {
                    throw new ArgumentException($"A weight is {value}; allowed: multiples of 2^-{MostWeightBits}");
                }
            }
        }

        var largest = 1.0;
        for (var row = 0; row < layer.Outputs; row++)
        {
            var sum = Math.Abs((double)layer.Bias[row]);
            for (var k = layer.Offsets[row]; k < layer.Offsets[row + 1L]; k++)
            {
                sum += Math.Abs((double)layer.Values[k]) * layer.Cap;
            }

            largest = Math.Max(largest, sum);
        }

        var bits = WordBits - weightBits - (int)Math.Ceiling(Math.Log2(largest)) - 1;
        return bits >= 0
            ? (weightBits, Math.Min(50, bits))
            : throw new ArgumentException(
                $"A neuron's weights, which are multiples of 2^-{weightBits}, add up to {largest / layer.Cap:g3};"
                + $" allowed: less than {Math.ScaleB(1 / layer.Cap, WordBits - weightBits - 1):g3}");
    }

    private static List<int> DifferentRows(CompactLayer layer, Span<int> classes)
    {
        var (places, values) = (layer.Places.Span.ToArray(), layer.Values.Span.ToArray());
        var known = new Dictionary<int, List<int>>(); // by hash, positions in rows
        var rows = new List<int>();
        for (var row = 0; row < layer.Outputs; row++)
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes<ushort>(places.AsSpan(Span(row))));
            hash.AddBytes(MemoryMarshal.AsBytes<float>(values.AsSpan(Span(row))));
            hash.Add(layer.Bias[row]);
            ref var same = ref CollectionsMarshal.GetValueRefOrAddDefault(known, hash.ToHashCode(), out _);
            same ??= [];
            var at = same.FindIndex(other => IsSame(rows[other], row));
            if (at < 0)
            {
                (at, classes[row]) = (same.Count, rows.Count);
                same.Add(rows.Count);
                rows.Add(row);
            }

            classes[row] = same[at];
        }

        return rows;

        Range Span(int row) => layer.Offsets[row]..layer.Offsets[row + 1L];

        bool IsSame(int one, int other) => layer.Bias[one] == layer.Bias[other]
            && places.AsSpan(Span(one)).SequenceEqual(places.AsSpan(Span(other)))
            && values.AsSpan(Span(one)).SequenceEqual(values.AsSpan(Span(other)));
    }

    // One neuron's connections, those from equal neurons joined to one.
    private void Join(CompactLayer layer, int row, ReadOnlySpan<int> inputClasses, long[] joined, List<(int Column, long Weight)> list)
    {
        var (start, end) = (layer.Offsets[row], layer.Offsets[row + 1L]);
        for (var k = start; k < end; k++)
        {
            joined[inputClasses[layer.Column(k)]] += (long)Math.ScaleB(layer.Values[k], WeightBits);
        }

        for (var k = start; k < end; k++)
        {
            var column = inputClasses[layer.Column(k)];
            if (joined[column] != 0)
            {
                list.Add((column, joined[column]));
                joined[column] = 0;
            }
        }
    }
}
