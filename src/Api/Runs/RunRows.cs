using System.Text.Json;
using SparseService.Engine.Training;
using SparseService.Jobs.Events;

namespace SparseService.Api.Runs;

/// <summary>Rows of runs as they are answered, with what their events say about them; a query for all of them, not one each.</summary>
internal static class RunRows
{
    private const int StatesLookedAt = 50;

    public static async Task<IReadOnlyList<RunResponse>> ToResponsesAsync(
        IReadOnlyList<TrainingRun> runs, SparseDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        var going = runs.Where(run => run.State == RunState.Running && run.EpochsDone > 0).Select(run => run.Id).ToArray();
        var estimates = going.Length == 0 ? [] : await EstimatesAsync(going, db, cancellationToken);
        var now = clock.GetUtcNow();
        return [.. runs.Select(run => RunResponse.From(run, Remaining(run.Id)))];

        double? Remaining(Guid id) =>
            estimates.TryGetValue(id, out var estimate) ? Math.Max(0, estimate.Seconds - (now - estimate.At).TotalSeconds) : null;
    }

    /// <summary>What trains a run, or did so last; null before the first start.</summary>
    public static async Task<RunEnvironment?> EnvironmentAsync(Guid runId, SparseDbContext db, CancellationToken cancellationToken)
    {
        var states = await db.RunEvents.Where(row => row.RunId == runId && row.Kind == RunEventKind.State)
            .OrderByDescending(row => row.Seq).Take(StatesLookedAt).Select(row => row.Payload).ToListAsync(cancellationToken);
        return states.Select(state => JsonSerializer.Deserialize<StatePayload>(state, RunSpecJson.Options)?.Environment)
            .FirstOrDefault(environment => environment is not null);
    }

    /// <summary>How long the runs will still take, by what their newest epochs' events say.</summary>
    private static async Task<Dictionary<Guid, Estimate>> EstimatesAsync(
        Guid[] ids, SparseDbContext db, CancellationToken cancellationToken)
    {
        var rows = await db.Database.SqlQuery<Estimate>(
            $"""
            SELECT run AS "Run", (epoch.payload->>'secondsLeft')::double precision AS "Seconds", epoch.at AS "At"
            FROM unnest({ids}) AS run, LATERAL (
                SELECT payload, at FROM run_events WHERE run_id = run AND kind = 'epoch' ORDER BY seq DESC LIMIT 1) AS epoch
            WHERE epoch.payload ? 'secondsLeft'
            """).ToListAsync(cancellationToken);
        return rows.ToDictionary(row => row.Run);
    }

    private sealed record Estimate(Guid Run, double Seconds, DateTimeOffset At);
}
