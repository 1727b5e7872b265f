using SparseService.Engine.Data;
using SparseService.Engine.Data.Generated;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Data;

public sealed class GeneratedDatasetsTests : IDisposable
{
    private readonly StoreFiles files = new();

    public static TheoryData<GeneratedDatasetKind> Kinds => [.. Enum.GetValues<GeneratedDatasetKind>()];

    public void Dispose() => files.Dispose();

    [Theory, MemberData(nameof(Kinds))]
    public void ToStore_SameSeed_GivesTheSameBytes(GeneratedDatasetKind kind)
    {
        var what = new GeneratedDataset { Kind = kind, TrainSamples = 40, TestSamples = 20 };
        var first = GeneratedDatasets.ToStore(what, files.Store, TestContext.Current.CancellationToken);
        using (var store = SampleStore.Open(files.Store))
        {
            Assert.Equal(first, store.ContentHash);
        }

        Assert.Equal(first, GeneratedDatasets.ToStore(what, files.Store, TestContext.Current.CancellationToken));
        Assert.NotEqual(first, GeneratedDatasets.ToStore(what with { Seed = 2 }, files.Store, TestContext.Current.CancellationToken));
        Assert.Single(Directory.GetFiles(files.Folder));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void ToStore_MoreSamples_KeepsTheRowsThatWereThere(GeneratedDatasetKind kind)
    {
        var small = ReadAll(new GeneratedDataset { Kind = kind, TrainSamples = 35, TestSamples = 11 });
        var large = ReadAll(new GeneratedDataset { Kind = kind, TrainSamples = 70, TestSamples = 33 });
        for (var row = 0; row < 35; row++)
        {
            Assert.Equal(small[row], large[row]);
        }

        for (var row = 0; row < 11; row++)
        {
            Assert.Equal(small[35 + row], large[70 + row]);
        }

        Assert.NotEqual(large[0], large[70]);
    }

    [Fact]
    public void Glyphs_Always_AreBalancedPictures()
    {
        using var store = Generate(new GeneratedDataset { Kind = GeneratedDatasetKind.Glyphs, TrainSamples = 200, TestSamples = 100 });
        Assert.Equal(new ImageShape(28, 28, 1), store.Image);
        Assert.Equal((300, 200, 784, 10), (store.Rows, store.TrainRows, store.Features, store.Classes));
        Assert.All(store.ClassCounts, count => Assert.Equal(30, count));
        Assert.Contains("ring", store.ClassNames);
        for (var row = 0; row < store.Rows; row++)
        {
            var bright = 0;
            foreach (var pixel in store.ByteRow(row))
            {
                bright += pixel > 100 ? 1 : 0;
            }

            Assert.InRange(bright, 8, 350);
        }
    }

    [Fact]
    public void Glyphs_ByNearestClassMean_AreNeitherTrivialNorHopeless() =>
        Assert.InRange(NearestMeanAccuracy(GeneratedDatasetKind.Glyphs, train: 2000, test: 500), 0.4, 0.85);

    [Fact]
    public void Echoes_ByNearestClassMean_AreLearnableFromFewRows() =>
        Assert.InRange(NearestMeanAccuracy(GeneratedDatasetKind.Echoes, train: 64, test: 32), 0.9, 1);

    [Fact]
    public void Echoes_Always_AreBalancedPicturesWithOneSweep()
    {
        using var store = Generate(new GeneratedDataset { Kind = GeneratedDatasetKind.Echoes, TrainSamples = 20, TestSamples = 10 });
        Assert.Equal(new ImageShape(256, 256, 1), store.Image);
        Assert.Equal((30, 20, 65_536, 2), (store.Rows, store.TrainRows, store.Features, store.Classes));
        Assert.Equal(["falling", "rising"], store.ClassNames);
        Assert.Equal([15, 15], store.ClassCounts);
        for (var row = 0; row < store.Rows; row++)
        {
            var pixels = store.ByteRow(row).ToArray();
            var bright = Enumerable.Range(0, pixels.Length).Where(i => pixels[i] > 110).Select(i => (X: i % 256, Y: i / 256)).ToArray();
            Assert.InRange(bright.Length, 500, 16_000);
            // Pitch falls with time where the picture's rows, which count downwards, grow with it.
            var covariance = bright.Average(p => (double)p.X * p.Y) - (bright.Average(p => p.X) * bright.Average(p => p.Y));
            Assert.Equal(store.ClassOf(row) == 0, covariance > 0);
        }
    }

    [Fact]
    public void Madelon_Always_LooksLikeTheOriginal()
    {
        using var store = Generate(new GeneratedDataset { Kind = GeneratedDatasetKind.Madelon });
        Assert.Equal((2600, 2000, 500, 2), (store.Rows, store.TrainRows, store.Features, store.Classes));
        Assert.Equal(["-1", "1"], store.ClassNames);
        Assert.All(store.ClassCounts, count => Assert.InRange(count, 1250, 1350));
        for (var row = 0; row < store.Rows; row++)
        {
            foreach (var value in store.FloatRow(row))
            {
                Assert.True(value is >= 0 and <= 999 && value == MathF.Round(value));
            }
        }
    }

    [Fact]
    public void Madelon_ByNearestNeighbours_IsKnownOnlyToItsUsefulFeatures()
    {
        using var store = Generate(new GeneratedDataset { Kind = GeneratedDatasetKind.Madelon, TrainSamples = 1600, TestSamples = 320 });
        var columns = new MadelonRows(seed: 1).ColumnOf;
        Assert.InRange(NearestNeighbourAccuracy(store, columns[..5]), 0.82, 0.97);
        Assert.InRange(NearestNeighbourAccuracy(store, columns[20..60]), 0.4, 0.6);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1_000_001, 1)]
    public void ToStore_ImpossibleCounts_AreRefused(int train, int test)
    {
        var what = new GeneratedDataset { Kind = GeneratedDatasetKind.Glyphs, TrainSamples = train, TestSamples = test };
        Assert.Throws<ArgumentOutOfRangeException>(
            () => GeneratedDatasets.ToStore(what, files.Store, TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(files.Folder));
    }

    private double NearestMeanAccuracy(GeneratedDatasetKind kind, int train, int test)
    {
        using var store = Generate(new GeneratedDataset { Kind = kind, TrainSamples = train, TestSamples = test });
        var means = Enumerable.Range(0, store.Classes).Select(_ => new double[store.Features]).ToArray();
        for (var row = 0; row < store.TrainRows; row++)
        {
            var mean = means[store.ClassOf(row)];
            var pixels = store.ByteRow(row);
            for (var i = 0; i < pixels.Length; i++)
            {
                mean[i] += pixels[i] * (double)store.Classes / train;
            }
        }

        var right = 0;
        for (var row = store.TrainRows; row < store.Rows; row++)
        {
            var pixels = store.ByteRow(row).ToArray();
            var nearest = means.Index().MinBy(mean => mean.Item.Zip(pixels, (a, b) => (a - b) * (a - b)).Sum()).Index;
            right += nearest == store.ClassOf(row) ? 1 : 0;
        }

        return right / (double)test;
    }

    private static double NearestNeighbourAccuracy(SampleStore store, int[] columns)
    {
        var map = Normalization.Of(store, [.. Enumerable.Range(0, (int)store.TrainRows)], NormalizationKind.Standardize);
        var points = new float[store.Rows][];
        var row = new float[store.Features];
        for (var i = 0; i < points.Length; i++)
        {
            store.ReadRow(i, row);
            map.Apply(row, row);
            points[i] = Array.ConvertAll(columns, column => row[column]);
        }

        var right = 0;
        for (var i = store.TrainRows; i < store.Rows; i++)
        {
            var votes = points.Take((int)store.TrainRows).Index()
                .OrderBy(other => System.Numerics.Tensors.TensorPrimitives.Distance<float>(other.Item, points[i]))
                .Take(9)
                .Sum(other => store.ClassOf(other.Index));
            right += (votes > 4 ? 1 : 0) == store.ClassOf(i) ? 1 : 0;
        }

        return (double)right / (store.Rows - store.TrainRows);
    }

    private SampleStore Generate(GeneratedDataset what)
    {
        GeneratedDatasets.ToStore(what, files.Store, TestContext.Current.CancellationToken);
        return SampleStore.Open(files.Store);
    }

    private float[][] ReadAll(GeneratedDataset what)
    {
        using var store = Generate(what);
        var rows = new float[store.Rows][];
        for (var row = 0; row < rows.Length; row++)
        {
            rows[row] = new float[store.Features + 1];
            store.ReadRow(row, rows[row].AsSpan(1));
            rows[row][0] = store.ClassOf(row);
        }

        return rows;
    }
}
