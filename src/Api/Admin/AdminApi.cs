using Npgsql;
using SparseService.Api.Workers;

namespace SparseService.Api.Admin;

/// <summary>What whoever runs the service wants to see: how full it is and what waits.</summary>
public static class AdminApi
{
    private const int MostRuns = 200;
    private static readonly RunState[] HeldStates = [RunState.Starting, RunState.Running, RunState.Pausing, RunState.Stopping];

    public static void MapAdmin(this IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("/admin").WithTags("Admin").Needs(ApiRole.Admin);
        admin.MapGet("/storage", Storage).WithName("getStorage").WithSummary("See what takes how much room");
        admin.MapGet("/queue", Queue).WithName("getQueue").WithSummary("See which runs wait, and which worker has which run");
    }

    private static async Task<Ok<StorageResponse>> Storage(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        TypedResults.Ok(await StorageSizes.ReadAsync(database, cancellationToken));

    private static async Task<Ok<QueueResponse>> Queue(SparseDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var queued = db.Runs.AsNoTracking().Where(run => run.State == RunState.Queued);
        var waiting = await queued.OrderBy(run => run.NotBefore > now).ThenBy(run => run.CreatedAt).ThenBy(run => run.Id).Take(MostRuns)
            .Select(run => new { run.Id, run.Name, run.OwnerId, run.Attempt, run.CreatedAt, run.NotBefore })
            .ToListAsync(cancellationToken);
        var held = await db.Runs.AsNoTracking().Where(run => HeldStates.Contains(run.State) && run.LeaseOwner != null)
            .OrderBy(run => run.LeaseOwner).ThenBy(run => run.CreatedAt).Take(MostRuns)
            .Select(run => new HeldRun(
                run.Id, run.Name, run.OwnerId, run.State, run.LeaseOwner!, run.Attempt, run.EpochsDone, run.EpochsTotal, run.StartedAt,
                run.LeaseExpiresAt))
            .ToListAsync(cancellationToken);
        var alive = now - WorkersApi.Alive;
        return TypedResults.Ok(new QueueResponse(
            [.. waiting.Select((run, index) => new QueuedRun(
                index + 1, run.Id, run.Name, run.OwnerId, run.Attempt, run.CreatedAt,
                Math.Max(0, (now - (run.NotBefore > run.CreatedAt && run.NotBefore <= now ? run.NotBefore : run.CreatedAt)).TotalSeconds),
                run.NotBefore > now ? run.NotBefore : null))],
            waiting.Count < MostRuns ? waiting.Count : await queued.CountAsync(cancellationToken),
            held,
            await db.Workers.Where(worker => worker.SeenAt > alive).SumAsync(worker => worker.Slots, cancellationToken)));
    }
}
