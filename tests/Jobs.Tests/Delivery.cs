using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using SparseService.Jobs.Hosting;
using SparseService.Jobs.Queue;
using SparseService.Jobs.Training;
using SparseService.Persistence;

namespace SparseService.Jobs.Tests;

/// <summary>A worker of Hangfire in this process, which lives until it was handed one run.</summary>
internal static class Delivery
{
    // By what Hangfire keeps of it: the first delivery that the server has ended.
    private const string Outcome =
        """
        SELECT COALESCE(min(ended.data ->> 'Result'), '') FROM (
            SELECT jobid FROM hangfire.state JOIN hangfire.job ON job.id = jobid
            WHERE name = 'Processing' AND starts_with(state.data ->> 'ServerId', 'SERVER') AND job.invocationdata ->> 'Type' LIKE '%RunDelivery%'
            ORDER BY state.id LIMIT 1) AS delivery
        JOIN hangfire.state AS ended ON ended.jobid = delivery.jobid AND ended.name = 'Succeeded'
        """;

    public static async Task<RunOutcome> WorkAsync(JobsBench bench, Guid runId, CancellationToken stopping)
    {
        using var host = Host(bench);
        await host.StartAsync(CancellationToken.None);
        await host.Services.GetRequiredService<IRunDoorbell>().RingAsync(runId);
        var server = host.Services.GetRequiredService<WorkerIdentity>().Name.ToLowerInvariant();
        await JobsBench.WaitAsync(
            async () => stopping.IsCancellationRequested || (await OutcomeAsync(bench, server)).Length > 0, $"the delivery of run {runId}", 120);
        await host.StopAsync(CancellationToken.None);
        return Enum.Parse<RunOutcome>(await OutcomeAsync(bench, server));
    }

    public static IHost Host(JobsBench bench, Dictionary<string, string?>? settings = null)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(bench.Settings(more: settings))
        {
            [RunQueues.KindSetting] = RunQueues.Hangfire,
            ["Queue:SweepSeconds"] = "59",
        });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSparsePersistence(bench.Database.ConnectionString).AddRunWorker(builder.Configuration);
        return builder.Build();
    }

    private static async Task<string> OutcomeAsync(JobsBench bench, string server)
    {
        try
        {
            return (await bench.Database.ScalarAsync<string>(Outcome.Replace("SERVER", server, StringComparison.Ordinal))).Trim('"');
        }
        catch (NpgsqlException)
        {
            return ""; // The test has taken the database away.
        }
    }
}
