using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using SparseService.Jobs.Events;
using SparseService.Jobs.Queue;
using SparseService.Jobs.Training;

namespace SparseService.Jobs.Hosting;

/// <summary>Takes runs from the queue and trains them, as many at a time as it has slots.</summary>
public sealed class RunWorker(
    NpgsqlDataSource dataSource,
    RunQueue queue,
    TrainRunJob job,
    LiveLeases leases,
    WorkerIdentity identity,
    IOptions<WorkerOptions> options,
    IHostApplicationLifetime lifetime,
    ILogger<RunWorker> logger) : BackgroundService
{
    private static readonly TimeSpan PresenceInterval = TimeSpan.FromSeconds(10);

    private readonly WorkerOptions settings = options.Value;
    private readonly SemaphoreSlim doorbell = new(0);

    public override void Dispose()
    {
        doorbell.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        logger.LogInformation("Worker {Name} with {Slots} slots of {Threads} threads", identity.Name, settings.Slots, settings.ThreadsPerRun);
        // The host stops its services one after the other, and a web server first drains its connections: runs must not wait for that.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        using var afterwards = new CancellationTokenSource();
        var listener = new PostgresListener(dataSource, [Channels.RunsQueued, Channels.RunCommands], OnNotification, OnConnected, logger);
        // Commands are heard, and the worker is seen, until the last run is released.
        Task[] company = [listener.RunAsync(afterwards.Token), ShowPresenceAsync(afterwards.Token)];
        await Task.WhenAll(Enumerable.Range(0, settings.Slots).Select(_ => RunSlotAsync(stopping.Token)));
        await afterwards.CancelAsync();
        await Task.WhenAll(company);
        await TryAsync("DELETE FROM workers WHERE name = @name");
    }

    private void OnNotification(string channel, string payload)
    {
        if (channel == Channels.RunsQueued)
        {
            doorbell.Release();
        }
        else if (Guid.TryParse(payload, CultureInfo.InvariantCulture, out var runId))
        {
            leases.Poke(runId);
        }
    }

    private void OnConnected()
    {
        doorbell.Release(settings.Slots);
        leases.Poke(null);
    }

    private async Task RunSlotAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await queue.ClaimAsync(identity.Name, cancellationToken: stoppingToken) is { } claimed)
                {
                    var outcome = await job.ExecuteAsync(claimed, stoppingToken);
                    logger.LogInformation("Run {Run}, attempt {Attempt}: {Outcome}", claimed.RunId, claimed.Attempt, outcome);
                    continue;
                }
            }
            catch (Exception fault) when (fault is DbException or TimeoutException)
            {
                logger.LogWarning("The queue cannot be read: {Fault}", fault.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await doorbell.WaitAsync(TimeSpan.FromSeconds(settings.PollSeconds), stoppingToken).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task ShowPresenceAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await TryAsync(
                """
                INSERT INTO workers (name, version, slots, started_at, seen_at) VALUES (@name, @version, @slots, now(), now())
                ON CONFLICT (name) DO UPDATE SET seen_at = now()
                """);
            await Task.Delay(PresenceInterval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // The table is for people to look at; training does not depend on it.
    private async Task TryAsync(string sql)
    {
        try
        {
            await using var command = dataSource.CreateCommand(sql);
            command.CommandTimeout = 5;
            command.Parameters.AddWithValue("name", identity.Name);
            command.Parameters.AddWithValue("version", identity.Version);
            command.Parameters.AddWithValue("slots", settings.Slots);
            await command.ExecuteNonQueryAsync();
        }
        catch (Exception fault) when (fault is DbException or TimeoutException)
        {
            logger.LogDebug("Worker {Name} cannot be seen: {Fault}", identity.Name, fault.Message);
        }
    }
}
