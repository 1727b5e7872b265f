using Hangfire.AspNetCore;

namespace SparseService.Jobs.Hangfire;

/// <summary>A server of Hangfire: one for runs, and one that sweeps, as runs may fill every slot for days. The second one also does for
/// both what a process needs once: it schedules, and keeps what was fetched invisible to others.</summary>
/// <remarks>
/// It hears of the end when the application does. A web server that drains its connections first may use up the time for both.
/// </remarks>
internal sealed class HangfireServer(IServiceProvider provider, bool sweeps)
    : BackgroundJobServerHostedService(
        provider.GetRequiredService<JobStorage>(), Options(provider, sweeps), [],
        provider.GetRequiredService<IHostApplicationLifetime>()), IHostedService
{
    // As every background service, it ends without a word when the host has no patience left.
    async Task IHostedService.StopAsync(CancellationToken cancellationToken) =>
        await StopAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static BackgroundJobServerOptions Options(IServiceProvider provider, bool sweeps)
    {
        var worker = provider.GetRequiredService<IOptions<WorkerOptions>>().Value;
        var queue = provider.GetRequiredService<IOptions<QueueOptions>>().Value;
        return new BackgroundJobServerOptions
        {
            ServerName = provider.GetRequiredService<WorkerIdentity>().Name,
            Activator = new AspNetCoreJobActivator(provider.GetRequiredService<IServiceScopeFactory>()),
            WorkerCount = sweeps ? 1 : worker.Slots,
            Queues = sweeps ? [QueueSweep.Queue] : queue.QueuesOf(worker),
            IsLightweightServer = !sweeps,
            SchedulePollingInterval = TimeSpan.FromSeconds(worker.PollSeconds),
            // Runs hear of the end at once, and have the time that the worker gives them to write their checkpoints.
            StopTimeout = TimeSpan.Zero,
            ShutdownTimeout = TimeSpan.FromSeconds(worker.ShutdownSeconds + 3),
            CancellationCheckInterval = TimeSpan.FromSeconds(2),
        };
    }
}
