using System.Security.Cryptography;
using SparseService.Engine.Data;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Tests.Data;

public sealed class SampleStoreTests : IDisposable
{
    private readonly StoreFiles files = new();
    private readonly Backend backend = Backend.Create("simd", 2);

    private static readonly int[] BatchSizes = [1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 47, 100, 128];

    private static readonly int[] FeatureCounts = [1, 2, 3, 4, 5, 7, 28, 63, 64, 65, 257, 784];

    public static TheoryData<bool, int, int> Shapes
    {
        get
        {
            var shapes = new TheoryData<bool, int, int>();
            foreach (var features in FeatureCounts)
            {
                foreach (var batchSize in BatchSizes)
                {
                    shapes.Add(true, features, batchSize);
                    shapes.Add(false, features, batchSize);
                }
            }

            return shapes;
        }
    }

    public void Dispose()
    {
        backend.Dispose();
        files.Dispose();
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Gather_AnyShape_IsBitEqualToReadRow(bool bytes, int features, int batchSize)
    {
        using var store = files.Random(rows: 40, features, bytes ? SampleElement.Byte : SampleElement.Float);
        var random = RandomStream.For(2, RandomPurpose.GeneratedData);
        var rows = new int[batchSize];
        foreach (ref var row in rows.AsSpan())
        {
            row = (int)random.NextBelow(40);
        }

        var shift = Enumerable.Range(0, features).Select(i => 0.1f * i).ToArray();
        var scale = Enumerable.Range(0, features).Select(i => 1f / (i + 3)).ToArray();
        var x = new float[(features * batchSize) + 2];
        Array.Fill(x, float.NaN);

        store.Gather(rows, shift, scale, x.AsSpan(1, features * batchSize), batchSize, backend);

        var raw = new float[features];
        for (var sample = 0; sample < batchSize; sample++)
        {
            store.ReadRow(rows[sample], raw);
            for (var feature = 0; feature < features; feature++)
            {
                Assert.Equal((raw[feature] - shift[feature]) * scale[feature], x[1 + (feature * batchSize) + sample]);
            }
        }

        Assert.True(float.IsNaN(x[0]) && float.IsNaN(x[^1]), "It wrote outside of x.");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(21)]
    [InlineData(48)]
    public void Gather_WiderThanItsRows_FillsUpWithZeros(int samples)
    {
        const int features = 75;
        using var store = files.Random(rows: 60, features, SampleElement.Byte);
        var rows = Enumerable.Range(0, samples).ToArray();
        var (shift, scale) = (new float[features], Enumerable.Repeat(2f, features).ToArray());
        var tight = new float[features * samples];
        var wide = new float[features * 48];
        Array.Fill(wide, float.NaN);

        store.Gather(rows, shift, scale, tight, samples, backend);
        store.Gather(rows, shift, scale, wide, 48, backend);

        for (var index = 0; index < wide.Length; index++)
        {
            var (feature, sample) = (index / 48, index % 48);
            Assert.Equal(sample < samples ? tight[(feature * samples) + sample] : 0, wide[index]);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => store.Gather(rows, shift, scale, tight, samples - 1, backend));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(63, 20, 20)]
    [InlineData(64, 15, 15)]
    [InlineData(64, 16, 16)]
    [InlineData(65, 16, 12)]
    [InlineData(127, 48, 33)]
    [InlineData(300, 21, 21)]
    [InlineData(784, 112, 100)]
    public void GatherBytes_AnyShape_AreTheRowsAndBehindThemTheLastOneAgain(int features, int batchSize, int samples)
    {
        using var store = files.Random(rows: 40, features, SampleElement.Byte);
        var rows = Enumerable.Range(0, samples).Select(sample => sample * 7 % 40).ToArray();
        using var x = new DeviceBuffer<byte>((features * batchSize) + 1);
        x[features * batchSize] = 99;

        store.GatherBytes(rows, x, batchSize, backend);

        for (var sample = 0; sample < batchSize; sample++)
        {
            var raw = store.ByteRow(rows[Math.Min(sample, samples - 1)]);
            for (var feature = 0; feature < features; feature++)
            {
                Assert.Equal(raw[feature], x[(feature * batchSize) + sample]);
            }
        }

        Assert.Equal(99, x[features * batchSize]);
    }

    [Fact]
    public void GatherBytes_WhatCannotBe_IsRefused()
    {
        using var store = files.Random(rows: 4, features: 2, SampleElement.Byte);
        using var x = new DeviceBuffer<byte>(8);
        Assert.Throws<ArgumentOutOfRangeException>(() => store.GatherBytes([4], x, 1, backend));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.GatherBytes([], x, 1, backend));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.GatherBytes([0, 1], x, 1, backend));
        using var floats = new StoreFiles();
        using var table = floats.Random(rows: 4, features: 2, SampleElement.Float);
        Assert.Throws<InvalidOperationException>(() => table.GatherBytes([0], x, 1, backend));
    }

    [Fact]
    public void Gather_RowOutOfRange_NamesTheRow()
    {
        using var store = files.Random(rows: 4, features: 2, SampleElement.Byte);
        var exception = Assert.Throws<ArgumentOutOfRangeException>(() => store.Gather([0, 4], [0f, 0f], [1f, 1f], new float[4], 2, backend));
        Assert.Equal(4L, exception.ActualValue);
        Assert.Throws<ArgumentException>(() => store.Gather([0], [0f, 0f], [1f, 1f], new float[3], 1, backend));
    }

    [Fact]
    public void Gather_WarmedUp_AllocatesNothing()
    {
        using var store = files.Random(rows: 40, features: 30, SampleElement.Byte);
        var rows = Enumerable.Range(0, 20).ToArray();
        var shift = new float[30];
        var x = new float[600];
        store.Gather(rows, shift, shift, x, rows.Length, backend);

        var before = GC.GetAllocatedBytesForCurrentThread();
        store.Gather(rows, shift, shift, x, rows.Length, backend);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Store_WrittenTwice_HasTheSameBytesAndTheirHash()
    {
        string first;
        using (var store = files.Random(rows: 9, features: 3, SampleElement.Float))
        {
            first = store.ContentHash;
        }

        Assert.Equal(first, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(files.Store))));
        using var second = files.Random(rows: 9, features: 3, SampleElement.Float);
        Assert.Equal(first, second.ContentHash);
    }

    [Fact]
    public void Store_Regression_KeepsTargets()
    {
        using var store = files.Random(rows: 5, features: 2, SampleElement.Float, classes: 0);
        Assert.Equal(0, store.Classes);
        Assert.NotEqual(store.TargetOf(0), store.TargetOf(1));
        Assert.Throws<InvalidOperationException>(() => store.ClassOf(0));
    }

    [Fact]
    public void Store_AfterDispose_RefusesInPlaceOfCrashing()
    {
        var store = files.Random(rows: 5, features: 2, SampleElement.Byte);
        store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => store.ReadRow(0, new float[2]));
        Assert.Throws<ObjectDisposedException>(() => store.ClassOf(0));
    }

    [Fact]
    public void Writer_NotCompleted_LeavesNothing()
    {
        using (var writer = new SampleStoreWriter(files.Store, new SampleLayout(2, SampleElement.Byte, false), new DatasetLimits()))
        {
            writer.Append([1, 2]);
        }

        Assert.Empty(Directory.GetFiles(files.Folder));
    }

    [Fact]
    public void Writer_BeyondItsLimits_NamesThem()
    {
        var layout = new SampleLayout(2, SampleElement.Byte, false);
        using var bytes = new SampleStoreWriter(files.Store, layout, new DatasetLimits { StoreBytes = 11 });
        bytes.Append([1, 2]);
        Assert.Contains("11", StoreFiles.Fault(() => bytes.Append([1, 2])).Allowed, StringComparison.Ordinal);
        using var rows = new SampleStoreWriter(files.Store, layout, new DatasetLimits { Rows = 1 });
        Assert.Equal("rows", StoreFiles.Fault(() => rows.Append([1, 2, 3, 4])).Field);
    }

    [Fact]
    public void Open_AnyPrefixOfAStore_IsAFormatFault()
    {
        files.Random(rows: 9, features: 3, SampleElement.Byte).Dispose();
        var whole = File.ReadAllBytes(files.Store);
        for (var length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(files.Store, whole[..length]);
            StoreFiles.Fault(() => SampleStore.Open(files.Store));
        }
    }

    [Fact]
    public void Open_RandomBytesInTheTail_IsAFormatFaultOrAReadableStore()
    {
        files.Random(rows: 9, features: 3, SampleElement.Byte).Dispose();
        var whole = File.ReadAllBytes(files.Store);
        var random = RandomStream.For(3, RandomPurpose.GeneratedData);
        for (var attempt = 0; attempt < 2000; attempt++)
        {
            var damaged = (byte[])whole.Clone();
            for (var flips = 1 + random.NextBelow(3); flips > 0; flips--)
            {
                damaged[damaged.Length - 1 - random.NextBelow(260)] = (byte)random.NextUInt64();
            }

            File.WriteAllBytes(files.Store, damaged);
            OpenAndReadAll();
        }
    }

    private void OpenAndReadAll()
    {
        try
        {
            using var store = SampleStore.Open(files.Store);
            for (var row = 0L; row < store.Rows; row++)
            {
                store.ReadRow(row, new float[store.Features]);
                _ = store.Classes > 0 ? store.ClassOf(row) : store.TargetOf(row);
            }
        }
        catch (DatasetFormatException)
        {
            // What a damaged store should give; anything else fails the test.
        }
    }
}
