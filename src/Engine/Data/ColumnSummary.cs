namespace SparseService.Engine.Data;

/// <summary>How the values of one feature are spread over the rows that were read.</summary>
/// <param name="Column">From 0.</param>
/// <param name="Name">Absent when the source had no names.</param>
/// <param name="ZeroShare">Share of values that are 0.</param>
/// <param name="From">Lower edge of the first bin.</param>
/// <param name="To">Upper edge of the last bin.</param>
/// <param name="Histogram">Values in bins of equal width, the upper edge belonging to the last one. Whole numbers in a small range have a bin
/// each.</param>
public sealed record ColumnSummary(
    int Column, string? Name, float Minimum, float Maximum, double Mean, double StandardDeviation, double ZeroShare,
    double From, double To, IReadOnlyList<long> Histogram)
{
    public const int MostBins = 32;

    /// <summary>Summarises some columns in two passes over evenly spaced rows; the rows stay where they are mapped.</summary>
    /// <param name="store">Its rows are read in order.</param>
    /// <param name="first">First column.</param>
    /// <param name="count">Number of columns, all inside the store.</param>
    /// <param name="mostRows">At most so many rows are read, evenly spaced over the store.</param>
    public static (long RowsRead, IReadOnlyList<ColumnSummary> Columns) Of(
        SampleStore store, int first, int count, int mostRows, CancellationToken cancellationToken)
    {
        var rowsRead = Math.Min(store.Rows, mostRows);
        var spreads = new ColumnSpread[count];
        foreach (var row in Rows(store, rowsRead, cancellationToken))
        {
            for (var c = 0; c < count; c++)
            {
                spreads[c].Add(row[first + c]);
            }
        }

        var bins = Array.ConvertAll(spreads, spread => spread.Bins(MostBins));
        foreach (var row in Rows(store, rowsRead, cancellationToken))
        {
            for (var c = 0; c < count; c++)
            {
                bins[c].Add(row[first + c]);
            }
        }

        var named = store.FeatureNames.Count == store.Features;
        return (rowsRead, [.. Enumerable.Range(0, count).Select(c =>
            spreads[c].Summary(first + c, named ? store.FeatureNames[first + c] : null, bins[c]))]);
    }

    private static IEnumerable<float[]> Rows(SampleStore store, long count, CancellationToken cancellationToken)
    {
        var row = new float[store.Features];
        for (var i = 0L; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            store.ReadRow((long)((Int128)i * store.Rows / count), row);
            yield return row;
        }
    }
}
