using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using SparseService.Jobs.Commands;
using SparseService.Jobs.Events;
using SparseService.Jobs.Queue;
using SparseService.Jobs.Training;
using SparseService.Persistence.Blobs;

namespace SparseService.Jobs.Hosting;

public static class JobsRegistration
{
    /// <summary>What every process needs that creates, steers and watches runs. Expects <c>AddSparsePersistence</c>.</summary>
    public static IServiceCollection AddSparseJobs(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<RunCommands>();
        services.AddSingleton<RunEventTail>();
        services.AddHostedService(provider => provider.GetRequiredService<RunEventTail>());
        return services;
    }

    /// <summary>Makes the process a worker of the built-in queue: it takes runs, trains them and sweeps. Expects <c>AddSparsePersistence</c>.</summary>
    public static IServiceCollection AddSparseWorker(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSparseTrainer(configuration);
        services.AddHostedService<RunWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<JobSweeper>());
        return services;
    }

    /// <summary>A worker that somebody else hands its runs and tells when to sweep; it is seen and hears. Reads section <c>Worker</c>.</summary>
    public static IServiceCollection AddSparseTrainer(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<WorkerOptions>().Bind(configuration.GetSection(WorkerOptions.Section)).ValidateDataAnnotations()
            .Validate(worker => worker.Mpi.SilenceSeconds is >= 2 and <= 3600, "Worker:Mpi:SilenceSeconds; allowed: 2 to 3600").ValidateOnStart();
        services.AddSingleton<WorkerIdentity>();
        services.AddSingleton<LiveLeases>();
        services.AddSingleton<RunQueue>();
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptions<WorkerOptions>>().Value;
            return new DatasetCache(
                provider.GetRequiredService<BlobStore>(), options.CachePath, options.CacheBytes, provider.GetRequiredService<TimeProvider>());
        });
        services.AddSingleton<TrainRunJob>();
        services.AddSingleton<JobSweeper>();
        services.AddSingleton<WorkerPresence>();
        services.AddHostedService(provider => provider.GetRequiredService<WorkerPresence>());
        services.AddOptions<HostOptions>().Configure<IOptions<WorkerOptions>>(
            (host, worker) => host.ShutdownTimeout = worker.Value.Shutdown + TimeSpan.FromSeconds(5));
        return services;
    }
}
