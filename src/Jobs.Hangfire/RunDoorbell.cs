using System.Data.Common;
using Npgsql;

namespace SparseService.Jobs.Hangfire;

/// <summary>Enqueues the ids of runs for the servers that can train them.</summary>
internal sealed class RunDoorbell(
    NpgsqlDataSource dataSource, JobStorage storage, IBackgroundJobClientV2 client, ILogger<RunDoorbell> logger) : IRunDoorbell
{
    public async Task RingAsync(Guid runId)
    {
        try
        {
            if (await FindAsync(runId) is var (backend, wait))
            {
                Enqueue(runId, QueueFor(backend), wait);
            }
        }
        catch (Exception fault) when (fault is DbException or TimeoutException or BackgroundJobClientException)
        {
            logger.LogWarning("Run {Run} was not enqueued, the sweep will: {Fault}", runId, fault.Message);
        }
    }

    private void Enqueue(Guid runId, string queue, TimeSpan wait)
    {
        if (wait > TimeSpan.Zero)
        {
            client.Schedule<RunDelivery>(queue, delivery => delivery.ExecuteAsync(runId, null!, CancellationToken.None), wait);
        }
        else
        {
            client.Enqueue<RunDelivery>(queue, delivery => delivery.ExecuteAsync(runId, null!, CancellationToken.None));
        }
    }

    // Without a node for devices any other one takes the run, and says what it lacks, rather than letting it wait for ever.
    private string QueueFor(string? backend) =>
        QueueNames.For(backend) is var queue && queue == QueueNames.Gpu
            && !storage.GetMonitoringApi().Servers().Any(server => server.Queues.Contains(queue))
            ? QueueNames.Cpu
            : queue;

    /// <returns>The backend that the run's spec names, and how long it is not due yet; null when it was deleted meanwhile.</returns>
    private async Task<(string? Backend, TimeSpan Wait)?> FindAsync(Guid runId)
    {
        await using var command = dataSource.CreateCommand(
            "SELECT spec #>> '{training,backend}', not_before - now() FROM runs WHERE id = @id");
        command.Parameters.AddWithValue("id", runId);
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? (reader.IsDBNull(0) ? null : reader.GetString(0), reader.GetTimeSpan(1)) : null;
    }
}
