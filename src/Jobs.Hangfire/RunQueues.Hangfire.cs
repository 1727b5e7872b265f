using Hangfire.AspNetCore;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace SparseService.Jobs.Hangfire;

/// <remarks>
/// Hangfire's own registration keeps storage, activator and log in places that all hosts of a process share; everything here belongs to
/// one host, so that a process may have several.
/// </remarks>
public static partial class RunQueues
{
    static partial void AddHangfireKind(List<string> kinds) => kinds.Insert(0, Hangfire);

    static partial void AddHangfireClient(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<QueueOptions>().Bind(configuration.GetSection(QueueOptions.Section)).ValidateDataAnnotations()
            .Validate(
                queue => queue.Listen.All(QueueNames.OfRuns.Contains), $"Queue:Listen; allowed: {string.Join(", ", QueueNames.OfRuns)}")
            .ValidateOnStart();
        services.AddSingleton(HangfireStorage.Open);
        services.AddSingleton<IBackgroundJobClientV2>(provider => new BackgroundJobClient(provider.GetRequiredService<JobStorage>()));
        services.AddSingleton<IRunDoorbell, RunDoorbell>();
    }

    static partial void AddHangfireWorker(IServiceCollection services)
    {
        services.TryAddSingleton<RunCommands>();
        services.AddSingleton<RunDelivery>();
        services.AddSingleton<QueueSweep>();
        services.AddSingleton<IRecurringJobManagerV2>(provider => new RecurringJobManager(provider.GetRequiredService<JobStorage>()));
        services.AddHostedService<QueueSchedule>();
        // Runs may fill every slot for days: sweeping has a server of its own. It also does for the other one what a process needs once:
        // it schedules, and keeps what was fetched invisible to others.
        AddServer(services, (worker, queue) => Server(worker, workers: 1, [QueueNames.Sweep], isLightweight: false));
        AddServer(services, (worker, queue) => Server(worker, worker.Slots, queue.QueuesOf(worker), isLightweight: true));
    }

    static partial void MapHangfire(
        IEndpointRouteBuilder routes, Func<ClaimsPrincipal, bool> mayChange, ref IEndpointConventionBuilder? pages) =>
        pages = HangfirePages.Map(routes, mayChange);

    // Not AddHostedService, which takes a second service of the same type for the first one.
    private static void AddServer(IServiceCollection services, Func<WorkerOptions, QueueOptions, BackgroundJobServerOptions> choose) =>
        services.AddSingleton<IHostedService>(provider =>
        {
            var options = choose(
                provider.GetRequiredService<IOptions<WorkerOptions>>().Value, provider.GetRequiredService<IOptions<QueueOptions>>().Value);
            options.ServerName = provider.GetRequiredService<WorkerIdentity>().Name;
            options.Activator = new AspNetCoreJobActivator(provider.GetRequiredService<IServiceScopeFactory>());
            return new HangfireServer(
                provider.GetRequiredService<JobStorage>(), options, provider.GetRequiredService<IHostApplicationLifetime>());
        });

    private static BackgroundJobServerOptions Server(WorkerOptions worker, int workers, string[] queues, bool isLightweight) => new()
    {
        WorkerCount = workers,
        Queues = queues,
        IsLightweightServer = isLightweight,
        SchedulePollingInterval = TimeSpan.FromSeconds(worker.PollSeconds),
        // Runs hear of the end at once, and have the time that the worker gives them to write their checkpoints.
        StopTimeout = TimeSpan.Zero,
        ShutdownTimeout = TimeSpan.FromSeconds(worker.ShutdownSeconds + 3),
        CancellationCheckInterval = TimeSpan.FromSeconds(2),
    };
}
