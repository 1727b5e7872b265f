using Npgsql;
using SparseService.Api.Models;

namespace SparseService.Api.Checkpoints;

/// <param name="ContentHash">SHA-256 of the bytes; also the download's ETag.</param>
/// <param name="ModelId">The model that it was promoted to.</param>
public sealed record CheckpointResponse(
    Guid Id, Guid RunId, int Epoch, long Step, long Bytes, string ContentHash, long Nnz, double? TestLoss, double? TestAccuracy,
    DateTimeOffset CreatedAt, Guid? ModelId)
{
    internal static CheckpointResponse From(Checkpoint row, Guid? modelId) =>
        new(
            row.Id, row.RunId, row.Epoch, row.Step, row.Bytes, row.BlobHash, row.Nnz, row.TestLoss, row.TestAccuracy, row.CreatedAt,
            modelId);
}

/// <summary>The body may be left out.</summary>
public sealed record PromoteCheckpointRequest : IRequestBody
{
    /// <summary>Absent = the run's name and the epoch.</summary>
    /// <example>glyphs, best so far</example>
    public string? Name { get; init; }

    public IEnumerable<ApiFault> Faults()
    {
        if (Name is not null && !Names.IsAllowed(Name))
        {
            yield return ApiFault.Of("$.name", Name, Names.Allowed);
        }
    }
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
        routes.MapPost("/checkpoints/{id:guid}/promote", Promote).WithTags("Checkpoints").WithName("promoteCheckpoint")
            .Needs(ApiRole.Submitter).Refuses(400, 403, 404, 413, 415)
            .Accepts<PromoteCheckpointRequest>(isOptional: true, "application/json")
            .WithSummary("Make a model of a checkpoint")
            .WithDescription(
                "A checkpoint has one model: asked again, the answer is 200 with the same one. The last checkpoint's is the run's own "
                + "result. The model stays when the checkpoint goes.");
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
        var promoted = await db.Models.Where(model => model.RunId == id && model.CheckpointId != null)
            .ToDictionaryAsync(model => model.CheckpointId!.Value, model => (Guid?)model.Id, cancellationToken);
        return TypedResults.Ok(new CheckpointsResponse(
            [.. rows.Select(row => CheckpointResponse.From(row, promoted.GetValueOrDefault(row.Id)))]));
    }

    private static async Task<Results<Ok<CheckpointResponse>, ProblemResult>> Get(
        Guid id, SparseDbContext db, CancellationToken cancellationToken) =>
        await db.Checkpoints.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row
            ? TypedResults.Ok(CheckpointResponse.From(row, await PromotedAsync(id, db, cancellationToken)))
            : Refused.NotFound("checkpoint", id);

    private static Task<Guid?> PromotedAsync(Guid id, SparseDbContext db, CancellationToken cancellationToken) =>
        db.Models.Where(model => model.CheckpointId == id).Select(model => (Guid?)model.Id).SingleOrDefaultAsync(cancellationToken);

    private static async Task<Results<Created<ModelResponse>, Ok<ModelResponse>, ProblemResult>> Promote(
        Guid id, HttpRequest request, ClaimsPrincipal user, SparseDbContext db, CheckpointPromotion promotion,
        CancellationToken cancellationToken)
    {
        var checkpoint = await db.Checkpoints.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
        if (checkpoint is null)
        {
            return Refused.NotFound("checkpoint", id);
        }

        var body = await RequestBytes.ReadAsync(request, cancellationToken);
        var wish = body.Length == 0 ? new PromoteCheckpointRequest() : JsonBody.Read<PromoteCheckpointRequest>(body);
        if (wish.Faults().ToList() is { Count: > 0 } faults)
        {
            return Refused.BadRequest(faults);
        }

        var owner = await db.Runs.Where(run => run.Id == checkpoint.RunId).Select(run => run.OwnerId).SingleAsync(cancellationToken);
        if (!user.MaySteer(owner))
        {
            return Refused.NotOwner("run", checkpoint.RunId);
        }

        var (model, isNew) = await promotion.PromoteAsync(checkpoint, wish.Name, user.KeyId(), db, cancellationToken);
        var answer = await ModelRows.In(db).SingleAsync(row => row.Model.Id == model.Id, cancellationToken);
        return isNew
            ? TypedResults.Created($"/v1/models/{model.Id}", ModelResponse.From(answer))
            : TypedResults.Ok(ModelResponse.From(answer));
    }

    private static async Task<Results<FileStreamHttpResult, ProblemResult>> Content(
        Guid id, SparseDbContext db, NpgsqlDataSource database, CancellationToken cancellationToken) =>
        await db.Checkpoints.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row
            ? Download.Of(row.BlobHash, row.Bytes, $"checkpoint-{row.RunId:N}-epoch-{row.Epoch}.safetensors", row.CreatedAt, database)
            : Refused.NotFound("checkpoint", id);
}
