namespace SparseService.Jobs.Hangfire;

/// <summary>The queue <c>hangfire</c>: servers of Hangfire are told which run to claim from the runs table.</summary>
/// <remarks>
/// Hangfire's own registration keeps storage, activator and log in places that all hosts of a process share; everything here belongs to
/// one host, so that a process may have several.
/// </remarks>
public static class HangfireQueue
{
    /// <summary>Makes it one of the queues of this process, and the default; for whoever puts a program together, once.</summary>
    public static void Register() => RunQueues.Add(new RunQueueKind(RunQueues.Hangfire, AddClient, AddWorker, HangfirePages.Map));

    private static void AddClient(IServiceCollection services)
    {
        services.AddSingleton(HangfireStorage.Open);
        services.AddSingleton<IBackgroundJobClientV2>(provider => new BackgroundJobClient(provider.GetRequiredService<JobStorage>()));
        services.AddSingleton<IRunDoorbell, RunDoorbell>();
    }

    private static void AddWorker(IServiceCollection services)
    {
        services.AddSingleton<RunDelivery>();
        services.AddSingleton<IRecurringJobManagerV2>(provider => new RecurringJobManager(provider.GetRequiredService<JobStorage>()));
        services.AddSingleton<QueueSweep>();
        services.AddHostedService(provider => provider.GetRequiredService<QueueSweep>());
        // Not AddHostedService, which takes a second service of the same type for the first one.
        services.AddSingleton<IHostedService>(provider => new HangfireServer(provider, sweeps: true));
        services.AddSingleton<IHostedService>(provider => new HangfireServer(provider, sweeps: false));
    }
}
