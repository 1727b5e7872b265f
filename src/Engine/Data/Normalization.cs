using System.Numerics;
using SparseService.Engine.Training;

namespace SparseService.Engine.Data;

/// <summary>
/// Per-feature affine map x' = (x − shift)·scale, its numbers taken from training rows only. A constant feature becomes 0, never
/// NaN.
/// </summary>
public sealed class Normalization
{
    private Normalization(float[] shift, float[] scale)
    {
        Shift = shift;
        Scale = scale;
    }

    /// <summary>One per feature.</summary>
    public float[] Shift { get; }

    /// <summary>One per feature; 0 where the feature is constant.</summary>
    public float[] Scale { get; }

    /// <summary>A map with known numbers, e.g. from a stored model.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static Normalization From(float[] shift, float[] scale) => shift.Length == scale.Length
        ? new Normalization(shift, scale)
        : throw new ArgumentException($"Length is {scale.Length}; it must be that of shift, {shift.Length}.", nameof(scale));

    /// <summary>
    /// Computes the map in double: population standard deviation in two passes (floats) or exactly from integer sums
    /// (bytes).
    /// </summary>
    /// <param name="store">The data.</param>
    /// <param name="trainRows">Rows whose statistics count; at least one unless <paramref name="kind"/> is none.</param>
    /// <param name="kind">Which map.</param>
    public static Normalization Of(SampleStore store, ReadOnlySpan<int> trainRows, NormalizationKind kind)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (kind == NormalizationKind.None)
        {
            var ones = new float[store.Features];
            Array.Fill(ones, 1);
            return new Normalization(new float[store.Features], ones);
        }

        if (trainRows.IsEmpty)
        {
            throw new ArgumentException("There are 0 training rows; at least 1 is needed.", nameof(trainRows));
        }

        foreach (var row in trainRows)
        {
            if ((uint)row >= store.Rows)
            {
                throw new ArgumentOutOfRangeException(nameof(trainRows), row, $"Rows must be 0 to {store.Rows - 1}.");
            }
        }

        return (kind, store.Element) switch
        {
            (NormalizationKind.Standardize, SampleElement.Byte) => ByteStatistics.Standardize(store, trainRows),
            (NormalizationKind.Standardize, _) => StandardizeFloats(store, trainRows),
            (NormalizationKind.Scale, SampleElement.Byte) => ByteStatistics.Scale(store, trainRows),
            (NormalizationKind.Scale, _) => ScaleFloats(store, trainRows),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Normalization must be none, standardize or scale."),
        };
    }

    /// <summary>The same arithmetic as <see cref="SampleStore.Gather"/>, for one row.</summary>
    public void Apply(ReadOnlySpan<float> row, Span<float> normalized)
    {
        if (row.Length != Shift.Length || normalized.Length != Shift.Length)
        {
            throw new ArgumentException($"Lengths are {row.Length} and {normalized.Length}; they must be {Shift.Length}.", nameof(row));
        }

        for (var i = 0; i < row.Length; i++)
        {
            normalized[i] = (row[i] - Shift[i]) * Scale[i];
        }
    }

    /// <summary>shift = center, scale = 1/spread; 0 where the spread is 0 or too small for a float.</summary>
    internal static Normalization FromSpreads(ReadOnlySpan<double> centers, ReadOnlySpan<double> spreads)
    {
        var shift = new float[centers.Length];
        var scale = new float[centers.Length];
        for (var i = 0; i < shift.Length; i++)
        {
            shift[i] = (float)centers[i];
            var inverse = spreads[i] > 0 ? (float)(1 / spreads[i]) : 0;
            scale[i] = float.IsFinite(inverse) ? inverse : 0;
        }

        return new Normalization(shift, scale);
    }

    private static Normalization StandardizeFloats(SampleStore store, ReadOnlySpan<int> rows)
    {
        var means = new double[store.Features];
        var squares = new double[store.Features];
        foreach (var row in rows)
        {
            AddTo(means, store.FloatRow(row));
        }

        for (var i = 0; i < means.Length; i++)
        {
            means[i] /= rows.Length;
        }

        foreach (var row in rows)
        {
            AddSquaresTo(squares, store.FloatRow(row), means);
        }

        var smallest = MinMax(store, rows, out var largest);
        for (var i = 0; i < squares.Length; i++)
        {
            // The mean of equal numbers can be off by a rounding: such a feature is constant all the same.
            squares[i] = smallest[i] < largest[i] ? Math.Sqrt(squares[i] / rows.Length) : 0;
        }

        return FromSpreads(means, squares);
    }

    private static Normalization ScaleFloats(SampleStore store, ReadOnlySpan<int> rows)
    {
        var smallest = MinMax(store, rows, out var largest);
        var centers = new double[smallest.Length];
        var spreads = new double[smallest.Length];
        for (var i = 0; i < centers.Length; i++)
        {
            centers[i] = smallest[i];
            spreads[i] = (double)largest[i] - smallest[i];
        }

        return FromSpreads(centers, spreads);
    }

    private static float[] MinMax(SampleStore store, ReadOnlySpan<int> rows, out float[] largest)
    {
        var smallest = store.FloatRow(rows[0]).ToArray();
        largest = store.FloatRow(rows[0]).ToArray();
        foreach (var row in rows)
        {
            var values = store.FloatRow(row);
            System.Numerics.Tensors.TensorPrimitives.Min(values, smallest, smallest);
            System.Numerics.Tensors.TensorPrimitives.Max(values, largest, largest);
        }

        return smallest;
    }

    private static void AddTo(Span<double> sums, ReadOnlySpan<float> values)
    {
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(values[i..]), out var low, out var high);
            (new Vector<double>(sums[i..]) + low).CopyTo(sums[i..]);
            (new Vector<double>(sums[(i + Vector<double>.Count)..]) + high).CopyTo(sums[(i + Vector<double>.Count)..]);
        }

        for (; i < values.Length; i++)
        {
            sums[i] += values[i];
        }
    }

    private static void AddSquaresTo(Span<double> sums, ReadOnlySpan<float> values, ReadOnlySpan<double> means)
    {
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(values[i..]), out var low, out var high);
            var second = i + Vector<double>.Count;
            low -= new Vector<double>(means[i..]);
            high -= new Vector<double>(means[second..]);
            (new Vector<double>(sums[i..]) + (low * low)).CopyTo(sums[i..]);
            (new Vector<double>(sums[second..]) + (high * high)).CopyTo(sums[second..]);
        }

        for (; i < values.Length; i++)
        {
            var deviation = values[i] - means[i];
            sums[i] += deviation * deviation;
        }
    }
}
