using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using SparseService.Jobs.Events;
using SparseService.Jobs.Queue;
using Xunit;

namespace SparseService.Jobs.Tests;

public class QueryPlanTests
{
    /// <summary>Counts what the server did for the real queries, so that no copy of their SQL can go stale.</summary>
    [Fact]
    public async Task Queries_OnTenThousandRuns_ReadNoWholeTable()
    {
        await using var bench = await JobsBench.CreateAsync();
        var runId = await bench.CreateRunAsync(JobsBench.Options(epochs: 1));
        await FillAsync(bench, runId);
        var worker = bench.Worker();
        var before = await ScansAsync(bench);

        Assert.NotNull(await worker.GetRequiredService<RunQueue>().ClaimAsync("a"));
        Assert.NotNull(await worker.GetRequiredService<RunQueue>().ClaimAsync("a", only: runId));
        Assert.Equal(3, (await worker.GetRequiredService<RunEventTail>().ReadAsync(runId, afterSeq: 4, limit: 3)).Count);
        await using (var db = bench.Database.OpenContext())
        {
            Assert.Equal(50, await Page(db.Runs).CountAsync());
            Assert.Equal(50, await Page(db.Runs.Where(run => run.OwnerId == bench.OwnerId)).CountAsync());
            Assert.Equal(50, await Page(db.Runs.Where(run => run.DatasetId == bench.DatasetId)).CountAsync());
        }

        var after = await ScansAsync(bench);
        Assert.True(after.ByIndex > before.ByIndex);
        Assert.Equal(before.Whole, after.Whole);

        static IQueryable<Persistence.Entities.TrainingRun> Page(IQueryable<Persistence.Entities.TrainingRun> runs) =>
            runs.OrderByDescending(run => run.CreatedAt).ThenByDescending(run => run.Id).Take(50);
    }

    // Ten thousand runs: a few wait or are being trained, the others have ended. Each has ten events.
    private static async Task FillAsync(JobsBench bench, Guid runId)
    {
        await bench.Database.ExecuteAsync(
            $"""
            INSERT INTO runs (id, owner_id, labels, spec, dataset_id, state, reason, attempt, faults, lease_epoch, lease_owner, lease_expires_at,
                              not_before, epochs_total, epochs_done, steps_done, last_event_seq, created_at)
            SELECT gen_random_uuid(), owner_id, labels, spec, dataset_id, CASE WHEN n <= 20 THEN 'queued' WHEN n <= 40 THEN 'running' ELSE 'succeeded' END,
                   'none', 0, 0, 0, CASE WHEN n BETWEEN 21 AND 40 THEN 'w' END, CASE WHEN n BETWEEN 21 AND 40 THEN now() + interval '1 hour' END,
                   now(), 1, 0, 0, 10, now() - n * interval '1 minute'
            FROM runs, generate_series(1, 10000) AS n WHERE id = '{runId}';
            INSERT INTO run_events (run_id, seq, kind, payload)
            SELECT id, seq, 'log', jsonb_build_object() FROM runs, generate_series(2, 10) AS seq;
            UPDATE runs SET last_event_seq = 10 WHERE id = '{runId}';
            ANALYZE;
            """);
    }

    private static async Task<(long Whole, long ByIndex)> ScansAsync(JobsBench bench)
    {
        // A session hands its counts in when it ends.
        Npgsql.NpgsqlConnection.ClearAllPools();
        bench.Database.DataSource.Clear();
        await Task.Delay(500);
        const string Tables = "FROM pg_stat_user_tables WHERE relname IN ('runs', 'run_events')";
        return (
            await bench.Database.ScalarAsync<long>($"SELECT sum(seq_scan)::bigint {Tables}"),
            await bench.Database.ScalarAsync<long>($"SELECT sum(idx_scan)::bigint {Tables}"));
    }
}
