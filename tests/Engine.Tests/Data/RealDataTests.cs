using SparseService.Engine.Data;

namespace SparseService.Engine.Tests.Data;

public sealed class RealDataTests : IDisposable
{
    private readonly StoreFiles files = new();

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData("fashion-mnist", 0.2860, 0.3530)]
    [InlineData("mnist", 0.1307, 0.3081)]
    public void Import_IdxQuartet_HasTheKnownPixelStatistics(string name, double mean, double deviation)
    {
        using var store = files.ImportFolder(StoreFiles.SharedData(name));

        Assert.Equal((70_000, 60_000, 784, 10), (store.Rows, store.TrainRows, store.Features, store.Classes));
        Assert.Equal(new ImageShape(28, 28, 1), store.Image);
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], store.ClassNames);
        long sum = 0;
        long squares = 0;
        for (var row = 0; row < store.TrainRows; row++)
        {
            foreach (var pixel in store.ByteRow(row))
            {
                sum += pixel;
                squares += pixel * pixel;
            }
        }

        var pixels = 60_000.0 * 784 * 255;
        Assert.Equal(mean, sum / pixels, 1e-4);
        Assert.Equal(deviation, Math.Sqrt((squares / pixels / 255) - (sum / pixels * sum / pixels)), 1e-4);
    }

    [Fact]
    public void Import_Madelon_HasItsKnownShape()
    {
        using var store = files.ImportFolder(StoreFiles.SharedData("madelon"));
        Assert.Equal((2600, 2000, 500, 2), (store.Rows, store.TrainRows, store.Features, store.Classes));
        Assert.Equal(["-1", "1"], store.ClassNames);
        Assert.Equal([1300L, 1300L], store.ClassCounts);
        var row = new float[500];
        store.ReadRow(0, row);
        Assert.Equal([485f, 477f, 537f, 479f, 452f], row[..5]);
    }
}
