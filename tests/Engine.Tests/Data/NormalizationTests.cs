using SparseService.Engine.Data;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Data;

public sealed class NormalizationTests : IDisposable
{
    private readonly StoreFiles files = new();

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData(true, 37)]
    [InlineData(false, 37)]
    [InlineData(true, 64)]
    [InlineData(false, 3)]
    public void Of_Standardize_GivesMeanZeroAndDeviationOne(bool bytes, int features)
    {
        using var store = files.Random(rows: 200, features, bytes ? SampleElement.Byte : SampleElement.Float);
        var rows = Enumerable.Range(0, 150).ToArray();

        var map = Normalization.Of(store, rows, NormalizationKind.Standardize);

        foreach (var values in Columns(store, rows, map))
        {
            Assert.Equal(0, values.Average(), 1e-5);
            Assert.Equal(1, Math.Sqrt(values.Average(value => value * value)), 1e-5);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_Scale_MapsTheTrainingRowsOntoZeroToOne(bool bytes)
    {
        using var store = files.Random(rows: 200, features: 19, bytes ? SampleElement.Byte : SampleElement.Float);
        var rows = Enumerable.Range(50, 150).ToArray();

        var map = Normalization.Of(store, rows, NormalizationKind.Scale);

        foreach (var values in Columns(store, rows, map))
        {
            Assert.Equal(0, values.Min());
            Assert.Equal(1, values.Max(), 1e-6);
        }
    }

    [Fact]
    public void Of_None_ChangesNothing()
    {
        using var store = files.Random(rows: 2, features: 2, SampleElement.Float);
        var map = Normalization.Of(store, [], NormalizationKind.None);
        Assert.Equal([0f, 0f], map.Shift);
        Assert.Equal([1f, 1f], map.Scale);
    }

    [Theory]
    [InlineData(NormalizationKind.Standardize, "0.1")]
    [InlineData(NormalizationKind.Scale, "0.1")]
    [InlineData(NormalizationKind.Standardize, "16777217")]
    public void Of_ConstantFeature_BecomesZero(NormalizationKind kind, string constant)
    {
        var csv = string.Concat(Enumerable.Range(0, 7).Select(row => $"{constant},{row},{row % 2}\n"));
        using var store = files.ImportAndOpen(
            new DatasetImportOptions { Format = DatasetFormat.Csv }, (DatasetFileRole.Train, System.Text.Encoding.UTF8.GetBytes(csv)));
        var map = Normalization.Of(store, [0, 1, 2, 3, 4, 5, 6], kind);
        var row = new float[2];
        store.ReadRow(3, row);
        map.Apply(row, row);
        Assert.Equal(0, row[0]);
        Assert.NotEqual(0, map.Scale[1]);
    }

    [Fact]
    public void Of_HugeNumbers_StaysFinite()
    {
        var csv = "-3e38,1e-45,a\n3e38,0,b\n";
        using var store = files.ImportAndOpen(
            new DatasetImportOptions { Format = DatasetFormat.Csv }, (DatasetFileRole.Train, System.Text.Encoding.UTF8.GetBytes(csv)));
        foreach (var kind in Enum.GetValues<NormalizationKind>())
        {
            var map = Normalization.Of(store, [0, 1], kind);
            Assert.All(map.Scale, scale => Assert.True(float.IsFinite(scale)));
            Assert.All(map.Shift, shift => Assert.True(float.IsFinite(shift)));
        }
    }

    [Fact]
    public void Of_RowsOutOfRange_NamesTheRow()
    {
        using var store = files.Random(rows: 2, features: 2, SampleElement.Float);
        Assert.Throws<ArgumentOutOfRangeException>(() => Normalization.Of(store, [2], NormalizationKind.Scale));
        Assert.Throws<ArgumentException>(() => Normalization.Of(store, [], NormalizationKind.Scale));
    }

    private static double[][] Columns(SampleStore store, int[] rows, Normalization map)
    {
        var columns = Enumerable.Range(0, store.Features).Select(_ => new double[rows.Length]).ToArray();
        var row = new float[store.Features];
        for (var i = 0; i < rows.Length; i++)
        {
            store.ReadRow(rows[i], row);
            map.Apply(row, row);
            for (var feature = 0; feature < row.Length; feature++)
            {
                columns[feature][i] = row[feature];
            }
        }

        return columns;
    }
}
