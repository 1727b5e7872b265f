using System.Numerics;

namespace SparseService.Engine.Data;

// Mean, deviation and range of byte features from integer sums: exact, whatever the order of the rows.
// 65,536 rows are summed in 32 bits (65,536·255² < 2³²), then added to 64-bit totals.
internal static class ByteStatistics
{
    private const int BlockRows = 65_536;

    public static Normalization Standardize(SampleStore store, ReadOnlySpan<int> rows)
    {
        var features = store.Features;
        var sums = new ulong[features];
        var squares = new ulong[features];
        var blockSums = new uint[features];
        var blockSquares = new uint[features];
        for (var start = 0; start < rows.Length; start += BlockRows)
        {
            foreach (var row in rows.Slice(start, Math.Min(BlockRows, rows.Length - start)))
            {
                Add(store.ByteRow(row), blockSums, blockSquares);
            }

            for (var i = 0; i < features; i++)
            {
                sums[i] += blockSums[i];
                squares[i] += blockSquares[i];
            }

            Array.Clear(blockSums);
            Array.Clear(blockSquares);
        }

        var means = new double[features];
        var deviations = new double[features];
        var count = (UInt128)(ulong)rows.Length;
        for (var i = 0; i < features; i++)
        {
            means[i] = (double)sums[i] / rows.Length;
            deviations[i] = Math.Sqrt((double)((count * squares[i]) - ((UInt128)sums[i] * sums[i]))) / rows.Length;
        }

        return Normalization.FromSpreads(means, deviations);
    }

    public static Normalization Scale(SampleStore store, ReadOnlySpan<int> rows)
    {
        var smallest = store.ByteRow(rows[0]).ToArray();
        var largest = store.ByteRow(rows[0]).ToArray();
        foreach (var row in rows)
        {
            var values = store.ByteRow(row);
            System.Numerics.Tensors.TensorPrimitives.Min(values, smallest, smallest);
            System.Numerics.Tensors.TensorPrimitives.Max(values, largest, largest);
        }

        var ranges = smallest.Zip(largest, (low, high) => (double)high - low).ToArray();
        return Normalization.FromSpreads(Array.ConvertAll(smallest, low => (double)low), ranges);
    }

    private static void Add(ReadOnlySpan<byte> values, Span<uint> sums, Span<uint> squares)
    {
        var i = 0;
        for (; i <= values.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            // A square of a byte fits into 16 bits, so it is taken there.
            Vector.Widen(new Vector<byte>(values[i..]), out var low, out var high);
            AddHalf(low, sums[i..], squares[i..]);
            AddHalf(high, sums[(i + Vector<ushort>.Count)..], squares[(i + Vector<ushort>.Count)..]);
        }

        for (; i < values.Length; i++)
        {
            sums[i] += values[i];
            squares[i] += (uint)values[i] * values[i];
        }
    }

    private static void AddHalf(Vector<ushort> values, Span<uint> sums, Span<uint> squares)
    {
        Vector.Widen(values, out var low, out var high);
        (new Vector<uint>(sums) + low).CopyTo(sums);
        (new Vector<uint>(sums[Vector<uint>.Count..]) + high).CopyTo(sums[Vector<uint>.Count..]);
        Vector.Widen(values * values, out low, out high);
        (new Vector<uint>(squares) + low).CopyTo(squares);
        (new Vector<uint>(squares[Vector<uint>.Count..]) + high).CopyTo(squares[Vector<uint>.Count..]);
    }
}
