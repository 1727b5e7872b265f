using Hangfire;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace SparseService.Jobs.Hangfire;

/// <summary>Tells Hangfire when to sweep.</summary>
internal sealed class QueueSchedule(IRecurringJobManagerV2 schedule, IOptions<QueueOptions> options) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        schedule.AddOrUpdate<QueueSweep>(
            "ring", QueueNames.Sweep, sweep => sweep.RingAsync(CancellationToken.None), $"*/{options.Value.SweepSeconds} * * * * *");
        schedule.AddOrUpdate<QueueSweep>("retain", QueueNames.Sweep, sweep => sweep.RetainAsync(CancellationToken.None), Cron.Minutely());
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
