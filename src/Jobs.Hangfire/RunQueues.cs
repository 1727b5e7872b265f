namespace SparseService.Jobs.Hangfire;

/// <summary>
/// Which queue runs go through, as setting <c>Queue:Kind</c> says. The one file of this project that is always compiled; calls to what
/// only Hangfire brings vanish without it.
/// </summary>
public static partial class RunQueues
{
    public const string KindSetting = "Queue:Kind";

    /// <summary>Workers claim from the runs table, woken by NOTIFY.</summary>
    public const string Builtin = "builtin";

    /// <summary>Hangfire servers are told which run to claim from the same table.</summary>
    public const string Hangfire = "hangfire";

    /// <summary>What was built in; the first one is the default.</summary>
    public static IReadOnlyList<string> Kinds { get; } = BuiltIn();

    /// <summary>What a process needs that creates and resumes runs. Expects persistence and the worker's options.</summary>
    public static IServiceCollection AddRunQueue(this IServiceCollection services, IConfiguration configuration)
    {
        if (KindOf(configuration) == Hangfire)
        {
            AddHangfireClient(services, configuration);
        }

        return services;
    }

    /// <summary>Makes the process a worker of the chosen queue. Expects <c>AddSparsePersistence</c>.</summary>
    public static IServiceCollection AddRunWorker(this IServiceCollection services, IConfiguration configuration)
    {
        if (KindOf(configuration) == Builtin)
        {
            return services.AddSparseWorker(configuration);
        }

        services.AddSparseTrainer(configuration).AddRunQueue(configuration);
        AddHangfireWorker(services);
        return services;
    }

    /// <summary>Maps the queue's own pages at <c>/hangfire</c>. They ask nobody for a key: the caller says who may come.</summary>
    /// <param name="mayChange">Who else comes may only look.</param>
    /// <returns>Null where the queue has no pages.</returns>
    public static IEndpointConventionBuilder? MapRunQueue(
        this IEndpointRouteBuilder routes, IConfiguration configuration, Func<ClaimsPrincipal, bool> mayChange)
    {
        IEndpointConventionBuilder? pages = null;
        if (KindOf(configuration) == Hangfire)
        {
            MapHangfire(routes, mayChange, ref pages);
        }

        return pages;
    }

    private static string KindOf(IConfiguration configuration)
    {
        var kind = configuration[KindSetting] is { Length: > 0 } given ? given : Kinds[0];
        return Kinds.Contains(kind) ? kind : throw new OptionsValidationException(
            KindSetting, typeof(string),
            [$"{KindSetting} is '{kind}'; allowed: {string.Join(", ", Kinds)}" + (kind == Hangfire ? " (Hangfire was not built in)" : "")]);
    }

    private static List<string> BuiltIn()
    {
        List<string> kinds = [Builtin];
        AddHangfireKind(kinds);
        return kinds;
    }

    static partial void AddHangfireKind(List<string> kinds);

    static partial void AddHangfireClient(IServiceCollection services, IConfiguration configuration);

    static partial void AddHangfireWorker(IServiceCollection services);

    static partial void MapHangfire(
        IEndpointRouteBuilder routes, Func<ClaimsPrincipal, bool> mayChange, ref IEndpointConventionBuilder? pages);
}
