using System.Text;
using SparseService.Engine.Data;

namespace SparseService.Engine.Tests.Data;

public sealed class ColumnSummaryTests : IDisposable
{
    private readonly StoreFiles files = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => files.Dispose();

    [Fact]
    public void Of_KnownColumns_HasTheirRangeMomentsAndBins()
    {
        // Whole numbers of a small range, fractions, a constant, and large numbers close together.
        var lines = Enumerable.Range(0, 100).Select(i => $"{i % 4},{i * 0.25},7.5,{16_000_000 + (i % 2)},{(i % 3 == 0 ? "x" : "y")}");
        using var store = files.ImportAndOpen(
            new DatasetImportOptions { Format = DatasetFormat.Csv },
            (DatasetFileRole.Train, Encoding.UTF8.GetBytes("few,many,same,far,label\n" + string.Join('\n', lines) + "\n")));
        var (rows, columns) = ColumnSummary.Of(store, 0, 4, 1000, Cancellation);

        Assert.Equal(100, rows);
        Assert.Equal(["few", "many", "same", "far"], columns.Select(column => column.Name));
        Assert.Equal([25, 25, 25, 25], columns[0].Histogram);
        Assert.Equal((-0.5, 3.5, 0.25), (columns[0].From, columns[0].To, columns[0].ZeroShare));
        Assert.Equal(1.5, columns[0].Mean, 1e-9);

        Assert.Equal((ColumnSummary.MostBins, 100L), (columns[1].Histogram.Count, columns[1].Histogram.Sum()));
        Assert.Equal((0f, 24.75f), (columns[1].Minimum, columns[1].Maximum));
        Assert.All(columns[1].Histogram, bin => Assert.InRange(bin, 3, 4));
        Assert.Equal(0.25 * Math.Sqrt(((100.0 * 100) - 1) / 12), columns[1].StandardDeviation, 1e-9);

        Assert.Equal([100], columns[2].Histogram);
        Assert.Equal((7.5, 0), (columns[2].Mean, columns[2].StandardDeviation));
        Assert.Equal(0.5, columns[3].StandardDeviation, 1e-9);
    }

    [Fact]
    public void Of_MoreRowsThanMayBeRead_ReadsThemEvenlySpaced()
    {
        using var store = files.ImportAndOpen(
            new DatasetImportOptions { Format = DatasetFormat.Csv },
            (DatasetFileRole.Train, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 1000).Select(i => $"{i / 2.0},{i % 2}\n")))));
        var (rows, columns) = ColumnSummary.Of(store, 0, 1, 10, Cancellation);
        Assert.Equal((10, 0f, 450f), (rows, columns[0].Minimum, columns[0].Maximum));
        Assert.Equal(10, columns[0].Histogram.Sum());
    }
}
