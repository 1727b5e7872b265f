using System.Data.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using SparseService.Persistence.Blobs;

namespace SparseService.Jobs.Hosting;

/// <summary>Removes what nobody needs any more, in one process at a time; as a service of the host once a minute.</summary>
public sealed class JobSweeper(NpgsqlDataSource dataSource, TimeProvider time, ILogger<JobSweeper> logger) : BackgroundService
{
    internal const long SweepLock = 0x5350_4152_5345_0002;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BlobAge = TimeSpan.FromMinutes(10);

    /// <summary>One sweep as it is due every minute.</summary>
    public Task SweepAsync(CancellationToken cancellationToken) => SweepAsync(BlobAge, cancellationToken);

    /// <summary>One sweep; does nothing while another process sweeps.</summary>
    /// <param name="blobAge">Younger blobs are left alone.</param>
    public async Task SweepAsync(TimeSpan blobAge, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var turn = new NpgsqlCommand($"SELECT pg_try_advisory_xact_lock({SweepLock})", connection))
        {
            if (!(bool)(await turn.ExecuteScalarAsync(cancellationToken))!)
            {
                return;
            }
        }

        var uploads = await DeleteAsync(connection, "DELETE FROM uploads WHERE expires_at < now()", cancellationToken);
        var workers = await DeleteAsync(connection, "DELETE FROM workers WHERE seen_at < now() - interval '2 minutes'", cancellationToken);
        var keys = await DeleteAsync(connection, "DELETE FROM idempotency_keys WHERE created_at < now() - interval '7 days'", cancellationToken);
        var blobs = await BlobSweep.RunAsync(connection, blobAge, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        if (uploads + workers + keys + blobs > 0)
        {
            logger.LogInformation("Swept {Uploads} uploads, {Workers} workers, {Keys} idempotency keys, {Blobs} blobs", uploads, workers, keys, blobs);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                await SweepAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (fault is DbException or TimeoutException)
            {
                logger.LogWarning("The sweep failed: {Fault}", fault.Message);
            }
        }
    }

    private static async Task<int> DeleteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
