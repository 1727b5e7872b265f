using Hangfire.Logging;
using Hangfire.PostgreSql;
using Npgsql;

namespace SparseService.Jobs.Hangfire;

/// <summary>Hangfire's tables: in the service's database, in a schema of their own.</summary>
internal static class HangfireStorage
{
    public static JobStorage Open(IServiceProvider provider)
    {
        // These are the same for every host of a process.
        GlobalConfiguration.Configuration.SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
            .UseSimpleAssemblyNameTypeSerializer().UseRecommendedSerializerSettings();
        LogProvider.SetCurrentLogProvider(new HangfireLog(provider.GetRequiredService<ILoggerFactory>().CreateLogger("Hangfire")));

        var queue = provider.GetRequiredService<IOptions<QueueOptions>>().Value;
        var worker = provider.GetRequiredService<IOptions<WorkerOptions>>().Value;
        return new PostgreSqlStorage(new Connections(provider.GetRequiredService<NpgsqlDataSource>()), new PostgreSqlStorageOptions
        {
            SchemaName = "hangfire",
            UseSlidingInvisibilityTimeout = true,
            InvisibilityTimeout = TimeSpan.FromSeconds(queue.InvisibilitySeconds),
            // Other processes cannot wake a server, as NOTIFY wakes the built-in queue: it looks more often.
            QueuePollInterval = TimeSpan.FromSeconds(Math.Max(0.05, worker.PollSeconds / 8)),
            // A killed server leaves its locks, which are held for moments only; its successor must not wait for them.
            DistributedLockTimeout = TimeSpan.FromSeconds(5),
            // Nodes that start at once on a fresh database get into each other's way, briefly.
            StartupConnectionBaseDelay = TimeSpan.FromMilliseconds(200),
            StartupConnectionMaxRetries = 3,
        });
    }

    private sealed class Connections(NpgsqlDataSource dataSource) : IConnectionFactory
    {
        public NpgsqlConnection GetOrCreateConnection() => dataSource.CreateConnection();
    }
}
