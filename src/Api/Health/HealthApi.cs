namespace SparseService.Api.Health;

/// <param name="Status"><c>ok</c>; whatever else is wrong is in the log, not here, because nobody has to show a key to ask.</param>
public sealed record HealthResponse(string Status);

public static class HealthApi
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("/health").WithTags("Health").AllowAnonymous();
        health.MapGet("/live", Live).WithName("isLive").WithSummary("Does the process answer?");
        health.MapGet("/ready", Ready).WithName("isReady").Refuses(503).WithSummary("Can it work: is the database there and migrated?");
    }

    private static Ok<HealthResponse> Live() => TypedResults.Ok(new HealthResponse("ok"));

    private static async Task<Results<Ok<HealthResponse>, ProblemResult>> Ready(SparseDbContext db, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var pending = await db.Database.GetPendingMigrationsAsync(patience.Token);
            return pending.Any() ? Refused.Because(503, "The database is not migrated yet.") : TypedResults.Ok(new HealthResponse("ok"));
        }
        catch (Exception exception)
            when (exception is System.Data.Common.DbException or OperationCanceledException or InvalidOperationException)
        {
            return Refused.Because(503, "The database does not answer.");
        }
    }
}
