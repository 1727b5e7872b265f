using System.Data.Common;
using Hangfire.Storage;

namespace SparseService.Jobs.Hangfire;

/// <summary>Tells Hangfire when to sweep.</summary>
internal sealed class QueueSchedule(IRecurringJobManagerV2 schedule, IOptions<QueueOptions> options, ILogger<QueueSchedule> logger)
    : BackgroundService
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!TryWrite())
        {
            await Task.Delay(Wait, stoppingToken);
        }
    }

    // A server that was killed at the schedule leaves it locked for a moment.
    private bool TryWrite()
    {
        try
        {
            schedule.AddOrUpdate<QueueSweep>(
                "ring", QueueNames.Sweep, sweep => sweep.RingAsync(CancellationToken.None), $"*/{options.Value.SweepSeconds} * * * * *");
            schedule.AddOrUpdate<QueueSweep>(
                "retain", QueueNames.Sweep, sweep => sweep.RetainAsync(CancellationToken.None), Cron.Minutely());
            return true;
        }
        catch (Exception fault) when (fault is DistributedLockTimeoutException or DbException or TimeoutException)
        {
            logger.LogWarning("The queue's schedule cannot be written yet: {Fault}", fault.Message);
            return false;
        }
    }
}
