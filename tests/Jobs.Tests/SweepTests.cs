using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SparseService.Jobs.Hosting;
using SparseService.Persistence.Blobs;
using Xunit;

namespace SparseService.Jobs.Tests;

public class SweepTests
{
    [Fact]
    public async Task Sweep_OldAndNew_OnlyWhatNobodyNeedsGoes()
    {
        await using var bench = await JobsBench.CreateAsync();
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 1));
        await bench.Database.ExecuteAsync(
            $"""
            INSERT INTO uploads (id, owner_id, file_name, bytes, sha256, part_bytes, completed, expires_at)
            SELECT gen_random_uuid(), gen_random_uuid(), name, 1, repeat('0', 64), 1, false, now() + age::interval
            FROM (VALUES ('old', '-1 second'), ('new', '1 hour')) AS v (name, age);
            INSERT INTO upload_parts (upload_id, number, sha256, bytes) SELECT id, number, repeat('0', 64), 'x' FROM uploads, generate_series(0, 2) AS number;
            INSERT INTO workers (name, version, slots, started_at, seen_at) VALUES ('old', '1', 1, now(), now() - interval '3 minutes'), ('new', '1', 1, now(), now());
            INSERT INTO idempotency_keys (owner_id, key, body_hash, run_id, created_at)
            VALUES (gen_random_uuid(), 'old', 'x', '{runId}', now() - interval '8 days'), (gen_random_uuid(), 'new', 'x', '{runId}', now());
            """);
        await WriteOrphanAsync(bench);

        await bench.Worker().GetRequiredService<JobSweeper>().SweepAsync(blobAge: TimeSpan.Zero);

        Assert.Equal("new", await bench.Database.ScalarAsync<string>("SELECT string_agg(file_name, ',') FROM uploads"));
        Assert.Equal(3L, await bench.Database.ScalarAsync<long>("SELECT count(*) FROM upload_parts"));
        Assert.Equal("new", await bench.Database.ScalarAsync<string>("SELECT string_agg(name, ',') FROM workers"));
        Assert.Equal("new", await bench.Database.ScalarAsync<string>("SELECT string_agg(key, ',') FROM idempotency_keys"));
        Assert.Equal(1L, await bench.Database.ScalarAsync<long>("SELECT count(*) FROM blobs b JOIN datasets d ON d.content_hash = b.hash"));
        Assert.Equal(1L, await bench.Database.ScalarAsync<long>("SELECT count(*) FROM blobs"));
    }

    [Fact]
    public async Task Sweep_WhileAnotherProcessSweeps_DoesNothing()
    {
        await using var bench = await JobsBench.CreateAsync();
        await WriteOrphanAsync(bench);
        await using var other = await bench.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand($"SELECT pg_advisory_xact_lock({JobSweeper.SweepLock})", other))
        {
            await hold.ExecuteNonQueryAsync();
        }

        await bench.Worker().GetRequiredService<JobSweeper>().SweepAsync(blobAge: TimeSpan.Zero);

        Assert.Equal(2L, await bench.Database.ScalarAsync<long>("SELECT count(*) FROM blobs"));
    }

    private static async Task WriteOrphanAsync(JobsBench bench)
    {
        await using var connection = await bench.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await BlobStore.WriteAsync(connection, new MemoryStream([1, 2, 3]));
        await transaction.CommitAsync();
    }
}
