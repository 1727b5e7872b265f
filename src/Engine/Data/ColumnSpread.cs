namespace SparseService.Engine.Data;

// Range and moments of a column, one value at a time. The mean is carried along (Welford 1962): a sum of squares would lose the deviation of
// values that lie far from 0.
internal struct ColumnSpread
{
    private long count;
    private long zeros;
    private double mean;
    private double squares;
    private float minimum;
    private float maximum;
    private bool hasFractions;

    public void Add(float value)
    {
        (minimum, maximum) = count == 0 ? (value, value) : (Math.Min(minimum, value), Math.Max(maximum, value));
        zeros += value == 0 ? 1 : 0;
        hasFractions |= value != MathF.Floor(value);
        count++;
        var distance = value - mean;
        mean += distance / count;
        squares += distance * (value - mean);
    }

    public readonly ColumnBins Bins(int most)
    {
        var range = (double)maximum - minimum;
        return !hasFractions && range < most
            ? new ColumnBins(minimum - 0.5, maximum + 0.5, (int)range + 1)
            : new ColumnBins(minimum, maximum, range > 0 ? most : 1);
    }

    public readonly ColumnSummary Summary(int column, string? name, ColumnBins bins) => new(
        column, name, minimum, maximum, mean, Math.Sqrt(squares / count), (double)zeros / count, bins.From, bins.To, bins.Counts);
}

internal sealed class ColumnBins(double from, double to, int count)
{
    private readonly long[] counts = new long[count];
    private readonly double perUnit = to > from ? count / (to - from) : 0;

    public double From => from;

    public double To => to;

    public IReadOnlyList<long> Counts => counts;

    public void Add(float value) => counts[Math.Clamp((int)((value - from) * perUnit), 0, counts.Length - 1)]++;
}
