using SparseService.Engine.Training;

namespace SparseService.Engine.Data.Generated;

/// <summary>
/// Madelon as its author published it (I. Guyon, "Design of experiments of the NIPS 2003 variable selection benchmark", 2003): 32
/// Gaussian clusters on the vertices of a five-dimensional hypercube, 16 of them labelled +1 and 16 −1 at random; 15 further features
/// are linear combinations of those five; 480 are probes that know nothing; 1 % of the labels are flipped; features are shuffled,
/// shifted, scaled and rounded. No single feature and no linear rule tells the classes apart. Shift and scale are chosen so that values
/// look like the original's (integers around 480, deviations 1 to 130).
/// </summary>
internal sealed class MadelonRows
{
    public const int Features = 500;

    private const int Useful = 5;
    private const int Redundant = 15;
    private const int Clusters = 1 << Useful;
    private const double HalfSide = 2;
    private const double FlipShare = 0.01;

    private readonly RowKeys keys;
    private readonly int[] classOfCluster = new int[Clusters];
    private readonly double[] mixing = new double[Clusters * Useful * Useful];
    private readonly double[] combination = new double[Redundant * Useful];
    private readonly double[] shift = new double[Features];
    private readonly double[] scale = new double[Features];

    public MadelonRows(ulong seed)
    {
        keys = new RowKeys(seed, GeneratedDatasetKind.Madelon);
        var random = keys.Constants();
        for (var cluster = 0; cluster < Clusters; cluster++)
        {
            classOfCluster[cluster] = cluster & 1;
        }

        random.Shuffle(classOfCluster.AsSpan());
        FillUniform(ref random, mixing, -1, 1);
        FillUniform(ref random, combination, -1, 1);
        FillUniform(ref random, shift, 0, 1);
        FillUniform(ref random, scale, 1, 45);
        for (var feature = 0; feature < Features; feature++)
        {
            ColumnOf[feature] = feature;
        }

        random.Shuffle(ColumnOf.AsSpan());
    }

    /// <summary>Where the useful features (first 5 entries), the redundant ones (next 15) and the probes stand in a row.</summary>
    public int[] ColumnOf { get; } = new int[Features];

    /// <summary>Draws a row and returns its class, 0 or 1.</summary>
    public int Draw(int part, int row, Span<float> values)
    {
        var cluster = keys.GroupOf(part, row, Clusters);
        var random = keys.Row(part, row);
        Span<double> noise = stackalloc double[Useful];
        Span<double> useful = stackalloc double[Useful];
        foreach (ref var value in noise)
        {
            value = random.NextNormal();
        }

        for (var i = 0; i < Useful; i++)
        {
            // Each cluster has a covariance of its own.
            var mixed = Dot(noise, mixing.AsSpan(((cluster * Useful) + i) * Useful, Useful));
            useful[i] = mixed + ((cluster >> i & 1) == 1 ? HalfSide : -HalfSide);
            Put(values, i, useful[i]);
        }

        for (var i = 0; i < Redundant; i++)
        {
            Put(values, Useful + i, Dot(useful, combination.AsSpan(i * Useful, Useful)));
        }

        for (var i = Useful + Redundant; i < Features; i++)
        {
            Put(values, i, random.NextNormal());
        }

        var flip = random.NextDouble() < FlipShare ? 1 : 0;
        return classOfCluster[cluster] ^ flip;
    }

    private void Put(Span<float> values, int feature, double value)
    {
        var quantised = Math.Round(476 + (scale[feature] * (value + shift[feature])));
        values[ColumnOf[feature]] = (float)Math.Clamp(quantised, 0, 999);
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var sum = 0.0;
        for (var i = 0; i < Useful; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    private static void FillUniform(ref RandomStream random, Span<double> values, double low, double high)
    {
        foreach (ref var value in values)
        {
            value = random.NextDouble(low, high);
        }
    }
}
