namespace SparseService.Api.Workers;

/// <param name="IsAlive">Seen within the last minute.</param>
/// <param name="Runs">Runs that it trains right now.</param>
public sealed record WorkerResponse(
    string Name, string Version, int Slots, DateTimeOffset StartedAt, DateTimeOffset SeenAt, bool IsAlive, IReadOnlyList<Guid> Runs);

/// <param name="Items">Those seen last come first.</param>
public sealed record WorkersResponse(IReadOnlyList<WorkerResponse> Items);

public static class WorkersApi
{
    private const int MostWorkers = 500;
    internal static readonly TimeSpan Alive = TimeSpan.FromMinutes(1);

    public static void MapWorkers(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/workers", List).WithTags("Workers").WithName("listWorkers").Needs(ApiRole.Viewer)
            .WithSummary("List the processes that train");

    private static async Task<Ok<WorkersResponse>> List(SparseDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        var workers = await db.Workers.AsNoTracking().OrderByDescending(
            worker => worker.SeenAt).Take(MostWorkers).ToListAsync(cancellationToken);
        var leased = await db.Runs.Where(run => run.LeaseOwner != null)
            .Select(run => new { run.LeaseOwner, run.Id }).ToListAsync(cancellationToken);
        var runs = leased.ToLookup(run => run.LeaseOwner, run => run.Id);
        var now = clock.GetUtcNow();
        return TypedResults.Ok(new WorkersResponse([.. workers.Select(worker => new WorkerResponse(
            worker.Name, worker.Version, worker.Slots, worker.StartedAt, worker.SeenAt, now - worker.SeenAt < Alive, [
                .. runs[worker.Name]]))]));
    }
}
