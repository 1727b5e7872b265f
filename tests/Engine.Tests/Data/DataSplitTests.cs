using SparseService.Engine.Data;

namespace SparseService.Engine.Tests.Data;

public sealed class DataSplitTests : IDisposable
{
    private readonly StoreFiles files = new();

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData(3, 0.2)]
    [InlineData(3, 0.5)]
    [InlineData(0, 0.3)]
    [InlineData(40, 0.01)]
    public void Of_NoTestPart_SplitsEveryRowOnceBySeed(int classes, double testShare)
    {
        using var store = files.Random(rows: 200, features: 1, SampleElement.Byte, classes);

        var (train, test) = DataSplit.Of(store, testShare, seed: 7);

        Assert.Equal(Enumerable.Range(0, 200), train.Concat(test).Order());
        Assert.NotEmpty(train);
        Assert.NotEmpty(test);
        Assert.Equal(test, DataSplit.Of(store, testShare, seed: 7).TestRows);
        Assert.NotEqual(test, DataSplit.Of(store, testShare, seed: 8).TestRows);
    }

    [Fact]
    public void Of_Classes_KeepTheirShares()
    {
        using var store = files.Random(rows: 300, features: 1, SampleElement.Byte);
        var (_, test) = DataSplit.Of(store, 0.25, seed: 1);
        for (var of = 0; of < 3; of++)
        {
            Assert.Equal(Math.Round(store.ClassCounts[of] * 0.25), test.Count(row => store.ClassOf(row) == of));
        }
    }

    [Fact]
    public void Of_OwnTestPart_TakesItAsItIs()
    {
        using var store = files.ImportAndOpen(
            new DatasetImportOptions { Format = DatasetFormat.Csv },
            (DatasetFileRole.Train, "1,a\n2,b\n3,a\n"u8.ToArray()),
            (DatasetFileRole.Test, "4,b\n"u8.ToArray()));
        var (train, test) = DataSplit.Of(store, 0.9, seed: 1);
        Assert.Equal([0, 1, 2], train);
        Assert.Equal([3], test);
    }

    [Fact]
    public void Of_ImpossibleSplit_SaysWhy()
    {
        using (var single = files.Random(rows: 1, features: 1, SampleElement.Byte))
        {
            Assert.Equal("rows", StoreFiles.Fault(() => DataSplit.Of(single, 0.5, 1)).Field);
        }

        using var store = files.Random(rows: 2, features: 1, SampleElement.Byte);
        Assert.Throws<ArgumentOutOfRangeException>(() => DataSplit.Of(store, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DataSplit.Of(store, double.NaN, 1));
        foreach (var share in new[] { 1e-9, 0.999999 })
        {
            var (train, test) = DataSplit.Of(store, share, 1);
            Assert.Single(train);
            Assert.Single(test);
        }
    }
}
