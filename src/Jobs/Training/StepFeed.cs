using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using SparseService.Engine.Training;
using SparseService.Jobs.Events;
using SparseService.Jobs.Queue;

namespace SparseService.Jobs.Training;

/// <summary>
/// Shows step losses while they are fresh: the first one at once, then the newest one at most ten times a second. A value that cannot be
/// written is dropped; training never waits for it.
/// </summary>
internal sealed class StepFeed : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly NpgsqlDataSource dataSource;
    private readonly RunLease lease;
    private readonly ILogger logger;
    private readonly SemaphoreSlim fresh = new(0, 1);
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private readonly Task writing;
    private StepResult? newest;

    public StepFeed(NpgsqlDataSource dataSource, RunLease lease, ILogger logger)
    {
        this.dataSource = dataSource;
        this.lease = lease;
        this.logger = logger;
        writing = WriteAsync();
    }

    public void OnStep(StepResult step)
    {
        lock (gate)
        {
            var waits = newest is not null;
            newest = step;
            if (waits)
            {
                return;
            }
        }

        fresh.Release();
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await writing;
        fresh.Dispose();
        stop.Dispose();
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                await fresh.WaitAsync(stop.Token);
                StepResult step;
                lock (gate)
                {
                    step = newest!.Value;
                    newest = null;
                }

                await TryWriteAsync(step);
                await Task.Delay(Interval, stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task TryWriteAsync(StepResult step)
    {
        if (!double.IsFinite(step.Loss))
        {
            return;
        }

        try
        {
            await using var command = dataSource.CreateCommand(
                """
                WITH held AS (SELECT id FROM runs WHERE id = @id AND lease_epoch = @mine AND lease_owner IS NOT NULL),
                     written AS (INSERT INTO run_metrics (run_id, series, step, value) SELECT id, 'stepLoss', @step, @loss FROM held ON CONFLICT DO NOTHING)
                SELECT pg_notify('run_steps', @update) FROM held
                """);
            command.CommandTimeout = 2;
            var update = new StepUpdate(lease.Run.RunId, step.Epoch, step.Step, step.StepsPerEpoch, step.Loss);
            command.Parameters.AddWithValue("id", update.Run);
            command.Parameters.AddWithValue("mine", lease.Run.LeaseEpoch);
            command.Parameters.AddWithValue("step", update.Step);
            command.Parameters.AddWithValue("loss", update.Loss);
            command.Parameters.AddWithValue("update", NpgsqlDbType.Text, JsonSerializer.Serialize(update, RunSpecJson.Options));
            await command.ExecuteNonQueryAsync(stop.Token);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            logger.LogDebug("Run {Run}: step {Step} is not shown: {Fault}", lease.Run.RunId, step.Step, fault.Message);
        }
    }
}
