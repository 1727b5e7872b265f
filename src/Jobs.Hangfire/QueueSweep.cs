using System.Data.Common;
using Hangfire.Storage;

namespace SparseService.Jobs.Hangfire;

/// <summary>The recurring jobs that make up for what got lost, and remove what nobody needs; as a service of the host it tells Hangfire
/// when they are due.</summary>
[AutomaticRetry(Attempts = 0, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
public sealed class QueueSweep(
    RunQueue queue, IRunDoorbell doorbell, JobStorage storage, JobSweeper sweeper, IRecurringJobManagerV2 schedule,
    IOptions<QueueOptions> options, ILogger<QueueSweep> logger) : BackgroundService
{
    /// <summary>Where they wait: apart from runs.</summary>
    internal const string Queue = "sweep";

    private const int MostRings = 1000;

    /// <summary>
    /// Rings for runs that could be claimed and that no server is going to be told of: created by a process that died before it enqueued
    /// them, or left by a worker whose lease has run out.
    /// </summary>
    public async Task RingAsync(CancellationToken cancellationToken)
    {
        var due = await queue.DueAsync(MostRings, cancellationToken);
        foreach (var runId in due.Count > 0 ? due.Except(Enqueued()).ToList() : [])
        {
            await doorbell.RingAsync(runId);
        }
    }

    /// <summary>Removes expired uploads, forgotten workers and bytes without an owner.</summary>
    public Task RetainAsync(CancellationToken cancellationToken) => sweeper.SweepAsync(cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!TryWriteSchedule())
        {
            await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
        }
    }

    // A server that was killed at the schedule leaves it locked for a moment.
    private bool TryWriteSchedule()
    {
        try
        {
            var seconds = $"*/{options.Value.SweepSeconds} * * * * *";
            schedule.AddOrUpdate<QueueSweep>("ring", Queue, sweep => sweep.RingAsync(CancellationToken.None), seconds);
            schedule.AddOrUpdate<QueueSweep>("retain", Queue, sweep => sweep.RetainAsync(CancellationToken.None), Cron.Minutely());
            return true;
        }
        catch (Exception fault) when (fault is DistributedLockTimeoutException or DbException or TimeoutException)
        {
            logger.LogWarning("The queue's schedule cannot be written yet: {Fault}", fault.Message);
            return false;
        }
    }

    private HashSet<Guid> Enqueued()
    {
        var queues = storage.GetMonitoringApi();
        return
        [
            .. QueueNames.All.SelectMany(name => queues.EnqueuedJobs(name, 0, (int)queues.EnqueuedCount(name)))
                .Select(entry => entry.Value?.Job?.Args[0]).OfType<Guid>(),
        ];
    }
}
