using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using SparseService.Engine.Training;
using SparseService.Jobs.Events;
using SparseService.Jobs.Queue;

namespace SparseService.Jobs.Training;

/// <summary>
/// Shows and stores step losses beside training: the first one at once, then whatever came since, at most ten times a second. What cannot be
/// written is dropped: training never waits for it, and never fails with it.
/// </summary>
internal sealed class StepFeed : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastChance = TimeSpan.FromSeconds(2);

    private readonly NpgsqlDataSource dataSource;
    private readonly RunLease lease;
    private readonly ILogger logger;
    private readonly SemaphoreSlim fresh = new(0, 1);
    private readonly CancellationTokenSource stop = new();
    private readonly CancellationTokenSource giveUp = new();
    private readonly Lock gate = new();
    private readonly StepBuckets buckets;
    private readonly Task writing;
    private NpgsqlConnection? connection;
    private StepResult? newest;
    private bool warned;

    /// <param name="recordedStep">Newest step of the run that an earlier attempt stored; those up to it are shown and not stored again.</param>
    public StepFeed(NpgsqlDataSource dataSource, RunLease lease, long recordedStep, ILogger logger)
    {
        this.dataSource = dataSource;
        this.lease = lease;
        this.logger = logger;
        buckets = new StepBuckets(recordedStep);
        writing = WriteAsync();
    }

    public void OnStep(StepResult step)
    {
        lock (gate)
        {
            buckets.Add(step.Step, step.Loss);
            var waits = newest is not null;
            newest = step;
            if (waits)
            {
                return;
            }
        }

        fresh.Release();
    }

    /// <summary>Stores the last steps, if that goes quickly.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        giveUp.CancelAfter(LastChance);
        await writing;
        fresh.Dispose();
        stop.Dispose();
        giveUp.Dispose();
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                await fresh.WaitAsync(stop.Token);
                await TryFlushAsync();
                await Task.Delay(Interval, stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            await TryFlushAsync();
        }
        finally
        {
            await ForgetConnectionAsync();
        }
    }

    private async Task TryFlushAsync()
    {
        StepResult step;
        List<MetricPoint> points;
        lock (gate)
        {
            if (newest is null)
            {
                return;
            }

            (step, points) = (newest.Value, buckets.Take());
            newest = null;
        }

        try
        {
            await FlushAsync(step, points);
        }
        catch (Exception fault)
        {
            // Whatever it is: a run does not end because its telemetry does.
            logger.Log(
                warned ? LogLevel.Debug : LogLevel.Warning, "Run {Run}: steps up to {Step} are not stored: {Fault}", lease.Run.RunId, step.Step, fault.Message);
            warned = true;
            await ForgetConnectionAsync();
        }
    }

    private async Task FlushAsync(StepResult step, List<MetricPoint> points)
    {
        connection ??= await dataSource.OpenConnectionAsync(giveUp.Token);
        await using var transaction = await connection.BeginTransactionAsync(giveUp.Token);
        await MetricCopy.StageAsync(connection, points, giveUp.Token);
        if (await HoldAsync(connection) is not { } leased)
        {
            return;
        }

        if (leased)
        {
            var update = new StepUpdate(lease.Run.RunId, step.Epoch, step.Step, step.StepsPerEpoch, step.Loss);
            await RunEventLog.NotifyAsync(connection, Channels.RunSteps, JsonSerializer.Serialize(update, RunSpecJson.Options), giveUp.Token);
        }

        await MetricCopy.PublishAsync(connection, lease.Run.RunId, giveUp.Token);
        await transaction.CommitAsync(giveUp.Token);
    }

    /// <returns>
    /// Null when another worker has claimed the run. False when it is claimed by nobody: its last epoch ended the lease before its last steps came here,
    /// and they still belong to it.
    /// </returns>
    private async Task<bool?> HoldAsync(NpgsqlConnection holder)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT lease_owner IS NOT NULL, set_config('idle_in_transaction_session_timeout', @patience, true)
            FROM runs WHERE id = @id AND lease_epoch = @mine FOR SHARE
            """,
            holder);
        command.Parameters.AddWithValue("id", lease.Run.RunId);
        command.Parameters.AddWithValue("mine", lease.Run.LeaseEpoch);
        command.Parameters.AddWithValue("patience", lease.Patience);
        return (bool?)await command.ExecuteScalarAsync(giveUp.Token);
    }

    private async Task ForgetConnectionAsync()
    {
        if (connection is not null)
        {
            await connection.DisposeAsync();
            connection = null;
        }
    }
}
