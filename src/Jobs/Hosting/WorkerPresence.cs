using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using SparseService.Jobs.Events;
using SparseService.Jobs.Queue;

namespace SparseService.Jobs.Hosting;

/// <summary>Shows that this worker is there, and hears what is asked of its runs.</summary>
/// <remarks>Registered before whatever takes runs, and so stopped after it: it hears and is seen until the last run is released.</remarks>
public sealed class WorkerPresence(
    NpgsqlDataSource dataSource, LiveLeases leases, WorkerIdentity identity, IOptions<WorkerOptions> options, ILogger<WorkerPresence> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly WorkerOptions settings = options.Value;

    /// <summary>A run may be claimed; or there may be several, since a notification could have been missed.</summary>
    internal event Action<int>? Rung;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        logger.LogInformation("Worker {Name} with {Slots} slots of {Threads} threads", identity.Name, settings.Slots, settings.ThreadsPerRun);
        var listener = new PostgresListener(dataSource, [Channels.RunsQueued, Channels.RunCommands], OnNotification, OnConnected, logger);
        await Task.WhenAll(listener.RunAsync(stoppingToken), ShowAsync(stoppingToken));
        await TryAsync("DELETE FROM workers WHERE name = @name");
    }

    private void OnNotification(string channel, string payload)
    {
        if (channel == Channels.RunsQueued)
        {
            Rung?.Invoke(1);
        }
        else if (Guid.TryParse(payload, CultureInfo.InvariantCulture, out var runId))
        {
            leases.Poke(runId);
        }
    }

    private void OnConnected()
    {
        Rung?.Invoke(settings.Slots);
        leases.Poke(null);
    }

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await TryAsync(
                """
                INSERT INTO workers (name, version, slots, started_at, seen_at) VALUES (@name, @version, @slots, now(), now())
                ON CONFLICT (name) DO UPDATE SET seen_at = now()
                """);
            await Task.Delay(Interval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
