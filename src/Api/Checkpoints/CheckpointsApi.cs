using Npgsql;

namespace SparseService.Api.Checkpoints;

/// <param name="ContentHash">SHA-256 of the bytes; also the download's ETag.</param>
public sealed record CheckpointResponse(
    Guid Id, Guid RunId, int Epoch, long Step, long Bytes, string ContentHash, long Nnz, double? TestLoss, double? TestAccuracy,
    DateTimeOffset CreatedAt)
{
    internal static CheckpointResponse From(Checkpoint row) =>
        new(row.Id, row.RunId, row.Epoch, row.Step, row.Bytes, row.BlobHash, row.Nnz, row.TestLoss, row.TestAccuracy, row.CreatedAt);
}

/// <param name="Items">The newest first; as many as the spec's retention keeps.</param>
public sealed record CheckpointsResponse(IReadOnlyList<CheckpointResponse> Items);

/// <summary>Points that a run can be continued from.</summary>
public static class CheckpointsApi
{
    private const int MostCheckpoints = 1001; // Retention keeps at most a thousand, and the best one.

    public static void MapCheckpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/runs/{id:guid}/checkpoints", List).WithTags("Checkpoints").WithName("listCheckpoints")
            .Needs(ApiRole.Viewer).Refuses(404)
            .WithSummary("List a run's checkpoints");
        var checkpoints = routes.MapGroup("/checkpoints").WithTags("Checkpoints").Needs(ApiRole.Viewer);
        checkpoints.MapGet("/{id:guid}", Get).WithName("getCheckpoint").Refuses(404).WithSummary("Describe a checkpoint");
        checkpoints.MapGet("/{id:guid}/content", Content).WithName("downloadCheckpoint").Refuses(404, 416).Downloads()
            .WithSummary("Download a checkpoint (safetensors); Range and If-None-Match work");
    }

    private static async Task<Results<Ok<CheckpointsResponse>, ProblemResult>> List(
        Guid id, SparseDbContext db, CancellationToken cancellationToken)
    {
        if (!await db.Runs.AnyAsync(run => run.Id == id, cancellationToken))
        {
            return Refused.NotFound("run", id);
        }

        var rows = await db.Checkpoints.AsNoTracking().Where(row => row.RunId == id)
            .OrderByDescending(row => row.Step).Take(MostCheckpoints).ToListAsync(cancellationToken);
        return TypedResults.Ok(new CheckpointsResponse([.. rows.Select(CheckpointResponse.From)]));
    }

    private static async Task<Results<Ok<CheckpointResponse>, ProblemResult>> Get(
        Guid id, SparseDbContext db, CancellationToken cancellationToken) =>
        await db.Checkpoints.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row
            ? TypedResults.Ok(CheckpointResponse.From(row))
            : Refused.NotFound("checkpoint", id);

    private static async Task<Results<FileStreamHttpResult, ProblemResult>> Content(
        Guid id, SparseDbContext db, NpgsqlDataSource database, CancellationToken cancellationToken) =>
        await db.Checkpoints.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row
            ? Download.Of(row.BlobHash, row.Bytes, $"checkpoint-{row.RunId:N}-epoch-{row.Epoch}.safetensors", row.CreatedAt, database)
            : Refused.NotFound("checkpoint", id);
}
