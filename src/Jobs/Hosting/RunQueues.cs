using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using SparseService.Jobs.Commands;
using SparseService.Jobs.Queue;

namespace SparseService.Jobs.Hosting;

/// <summary>Which queue runs go through, as setting <c>Queue:Kind</c> says.</summary>
public static class RunQueues
{
    public const string KindSetting = "Queue:Kind";

    /// <summary>Workers claim from the runs table, woken by NOTIFY.</summary>
    public const string Builtin = "builtin";

    /// <summary>Hangfire servers are told which run to claim from the same table.</summary>
    public const string Hangfire = "hangfire";

    private static readonly List<RunQueueKind> Added = [];

    /// <summary>Those of this build; the first one is the default.</summary>
    public static IReadOnlyList<string> Kinds => [.. Added.Select(kind => kind.Name), Builtin];

    /// <summary>To be called when a program begins, before it chooses.</summary>
    public static void Add(RunQueueKind kind) => Added.Add(kind);

    /// <summary>What a process needs that creates and resumes runs. Expects persistence and the worker's options.</summary>
    public static IServiceCollection AddRunQueue(this IServiceCollection services, IConfiguration configuration)
    {
        if (Chosen(configuration) is { } kind)
        {
            services.AddOptions<QueueOptions>().Bind(configuration.GetSection(QueueOptions.Section)).ValidateDataAnnotations()
                .Validate(queue => queue.Listen.All(QueueNames.All.Contains), $"Queue:Listen; allowed: {string.Join(", ", QueueNames.All)}")
                .ValidateOnStart();
            services.TryAddSingleton<RunQueue>();
            kind.AddClient(services);
        }

        return services;
    }

    /// <summary>Makes the process a worker of the chosen queue. Expects <c>AddSparsePersistence</c>.</summary>
    public static IServiceCollection AddRunWorker(this IServiceCollection services, IConfiguration configuration)
    {
        if (Chosen(configuration) is not { } kind)
        {
            return services.AddSparseWorker(configuration);
        }

        services.AddSparseTrainer(configuration).AddRunQueue(configuration);
        services.TryAddSingleton<RunCommands>();
        kind.AddWorker(services);
        return services;
    }

    /// <summary>Maps the queue's own pages, e.g. at <c>/hangfire</c>. They ask nobody for a key: the caller says who may come.</summary>
    /// <param name="mayChange">Who else comes may only look.</param>
    /// <returns>Null where the queue has no pages.</returns>
    public static IEndpointConventionBuilder? MapRunQueue(
        this IEndpointRouteBuilder routes, IConfiguration configuration, Func<ClaimsPrincipal, bool> mayChange) =>
        Chosen(configuration)?.MapPages(routes, mayChange);

    /// <returns>Null for the built-in queue.</returns>
    private static RunQueueKind? Chosen(IConfiguration configuration)
    {
        var kind = configuration[KindSetting] is { Length: > 0 } given ? given : Kinds[0];
        return Kinds.Contains(kind) ? Added.Find(one => one.Name == kind) : throw new OptionsValidationException(
            KindSetting, typeof(string),
            [$"{KindSetting} is '{kind}'; allowed: {string.Join(", ", Kinds)}" + (kind == Hangfire ? " (Hangfire was not built in)" : "")]);
    }
}
