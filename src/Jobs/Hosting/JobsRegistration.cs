using Microsoft.Extensions.DependencyInjection;
using SparseService.Jobs.Commands;
using SparseService.Jobs.Events;

namespace SparseService.Jobs.Hosting;

public static class JobsRegistration
{
    /// <summary>What every process needs that creates, steers and watches runs. Expects <c>AddSparsePersistence</c>.</summary>
    public static IServiceCollection AddSparseJobs(this IServiceCollection services)
    {
        services.AddSingleton<RunCommands>();
        services.AddSingleton<RunEventTail>();
        services.AddHostedService(provider => provider.GetRequiredService<RunEventTail>());
        return services;
    }
}
