using System.Security.Cryptography;
using Npgsql;
using SparseService.Persistence.Blobs;
using SparseService.Shared;
using Xunit;

namespace SparseService.Jobs.Tests;

public class BlobTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(BlobStore.ChunkBytes)]
    [InlineData((3 * BlobStore.ChunkBytes) + 17)]
    public async Task Write_AnyLength_ReadsBackAndIsStoredOnce(int length)
    {
        await using var database = await (await ThrowAwayPostgres.GetAsync()).CreateDatabaseAsync();
        var bytes = Bytes(length);

        var first = await WriteAsync(database, bytes);
        var second = await WriteAsync(database, bytes);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), first.Hash);
        Assert.True(first.IsNew);
        Assert.False(second.IsNew);
        await using var stream = await new BlobStore(database.DataSource).OpenAsync(first.Hash);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        Assert.Equal(bytes, copy.ToArray());
    }

    [Theory]
    [InlineData("UPDATE blob_chunks SET bytes = set_byte(bytes, 5, 255 - get_byte(bytes, 5)) WHERE number = 1")]
    [InlineData("DELETE FROM blob_chunks WHERE number = 1")]
    public async Task Copy_DamagedBytes_AreRefusedAndLeaveNoFile(string damage)
    {
        await using var database = await (await ThrowAwayPostgres.GetAsync()).CreateDatabaseAsync();
        var blob = await WriteAsync(database, Bytes((2 * BlobStore.ChunkBytes) + 1));
        await database.ExecuteAsync(damage);
        var path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));

        await Assert.ThrowsAsync<InvalidDataException>(() => new BlobStore(database.DataSource).CopyToFileAsync(blob.Hash, path));

        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Sweep_OnlyOldBlobsThatNobodyNames_AreDeleted()
    {
        await using var bench = await JobsBench.CreateAsync();
        var orphan = await WriteAsync(bench.Database, Bytes(100));
        await using var connection = await bench.Database.DataSource.OpenConnectionAsync();

        Assert.Equal(0, await BlobSweep.RunAsync(connection, TimeSpan.FromMinutes(1)));
        Assert.Equal(1, await BlobSweep.RunAsync(connection, TimeSpan.Zero));

        Assert.Equal(0L, await bench.Database.ScalarAsync<long>($"SELECT count(*) FROM blob_chunks WHERE hash = '{orphan.Hash}'"));
        Assert.Equal(1L, await bench.Database.ScalarAsync<long>("SELECT count(*) FROM blobs"));
    }

    [Fact]
    public async Task Hold_OverTheLimit_EvictsTheOldestThatNobodyHolds()
    {
        await using var database = await (await ThrowAwayPostgres.GetAsync()).CreateDatabaseAsync();
        var folder = Directory.CreateTempSubdirectory("sparse-cache-").FullName;
        var cache = new DatasetCache(new BlobStore(database.DataSource), folder, limitBytes: 250, TimeProvider.System);
        // A second cache over the same folder stands for another process.
        var sameFolder = new DatasetCache(new BlobStore(database.DataSource), folder, limitBytes: 250, TimeProvider.System);
        var (a, b, c) = (await WriteAsync(database, Bytes(100, 1)), await WriteAsync(database, Bytes(100, 2)), await WriteAsync(database, Bytes(100, 3)));

        using var holdA = await cache.HoldAsync(a.Hash, 100);
        (await cache.HoldAsync(b.Hash, 100)).Dispose();
        using (await sameFolder.HoldAsync(c.Hash, 100))
        {
            Assert.True(File.Exists(holdA.Path));
            Assert.Equal(2, Directory.GetFiles(folder, "*.store").Length);
            await Assert.ThrowsAsync<IOException>(() => sameFolder.HoldAsync(b.Hash, 100));
        }

        using (await sameFolder.HoldAsync(b.Hash, 100))
        {
            Assert.True(File.Exists(holdA.Path));
        }

        Directory.Delete(folder, true);
    }

    private static byte[] Bytes(int length, byte seed = 7)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++)
        {
            bytes[i] = (byte)((i * 31) + (i >> 8) + seed);
        }

        return bytes;
    }

    private static async Task<StoredBlob> WriteAsync(TestDatabase database, byte[] bytes)
    {
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var blob = await BlobStore.WriteAsync(connection, new MemoryStream(bytes));
        await transaction.CommitAsync();
        return blob;
    }
}
