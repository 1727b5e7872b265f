using SparseService.Jobs.Commands;

namespace SparseService.Api.Runs;

/// <summary>Runs: made, listed, steered, forked. What happened to them is in the other files of this folder.</summary>
public static class RunsApi
{
    public static RouteGroupBuilder MapRuns(this IEndpointRouteBuilder routes, ApiLimits limits)
    {
        var runs = routes.MapGroup("/runs").WithTags("Runs");
        runs.MapPost("/", Create).WithName("createRun").Needs(ApiRole.Submitter).Refuses(400, 409, 413, 415, 422)
            .TakesAtMost(limits.SpecBytes)
            .Accepts<Engine.Training.RunSpec>("application/json")
            .WithSummary("Train a network")
            .WithDescription(
                "Everything is checked before the run is queued. Sent again with the same Idempotency-Key header (1 to 255 characters), "
                + "the same body answers with the same run, and another body with 409.");
        runs.MapGet("/", List).WithName("listRuns").Needs(ApiRole.Viewer).Refuses(400)
            .WithSummary("List runs, newest first")
            .WithDescription(
                "state: one or several, with commas. label: key=value, may be repeated. name: part of the name. sort: "
                + RunOrder.Allowed + "; with - in front from the largest down. Runs without such a value come last.");
        runs.MapGet("/{id:guid}", Get).WithName("getRun").Needs(ApiRole.Viewer).Refuses(404).WithSummary("See how a run is doing");
        runs.MapGet("/{id:guid}/spec", Spec).WithName("getRunSpec").Needs(ApiRole.Viewer).Refuses(404)
            .WithSummary("Read a run's spec as it was posted, edge lists included");
        runs.MapDelete("/{id:guid}", Delete).WithName("deleteRun").Needs(ApiRole.Submitter).Refuses(403, 404, 409)
            .WithSummary("Delete a finished run with its history, checkpoints and model");
        runs.MapPost("/{id:guid}/cancel", Cancel).WithName("cancelRun").Needs(ApiRole.Submitter).Refuses(403, 404, 409)
            .WithSummary("Stop a run for good; its last checkpoint stays");
        runs.MapPost("/{id:guid}/pause", Pause).WithName("pauseRun").Needs(ApiRole.Submitter).Refuses(403, 404, 409)
            .WithSummary("Stop a run after a checkpoint, to go on later");
        runs.MapPost("/{id:guid}/resume", Resume).WithName("resumeRun").Needs(ApiRole.Submitter).Refuses(403, 404, 409)
            .WithSummary("Go on from the last checkpoint")
            .WithDescription("For paused runs, and for failed or cancelled ones that have a checkpoint.");
        runs.MapPost("/{id:guid}/fork", Fork).WithName("forkRun").Needs(ApiRole.Submitter).Refuses(400, 404, 409, 413, 415, 422)
            .WithSummary("Start a new run from a checkpoint");
        runs.MapRunHistory();
        runs.MapRunStream();
        return runs;
    }

    private static async Task<Results<Created<RunResponse>, ProblemResult>> Create(
        HttpRequest request, ClaimsPrincipal user, SparseDbContext db, RunSubmission submission, CancellationToken cancellationToken)
    {
        var body = await RequestBytes.ReadAsync(request, cancellationToken);
        var result = await submission.SubmitAsync(body, IdempotencyKey(request), user.KeyId(), db, cancellationToken);
        return await AnswerAsync(result, db, request.HttpContext.Response, cancellationToken);
    }

    private static async Task<Results<Created<RunResponse>, ProblemResult>> Fork(
        Guid id, Body<ForkRunRequest> body, HttpRequest request, ClaimsPrincipal user, SparseDbContext db, RunSubmission submission,
        CancellationToken cancellationToken)
    {
        var parent = await db.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellationToken);
        if (parent is null)
        {
            return Refused.NotFound("run", id);
        }

        var result = await submission.ForkAsync(parent, body.Value, IdempotencyKey(request), user.KeyId(), db, cancellationToken);
        return await AnswerAsync(result, db, request.HttpContext.Response, cancellationToken);
    }

    private static string? IdempotencyKey(HttpRequest request)
    {
        const int LongestKey = 255;
        var given = request.Headers["Idempotency-Key"];
        if (given.Count == 0)
        {
            return null;
        }

        var key = given.ToString();
        return key.Length is > 0 and <= LongestKey && key.All(character => character is >= ' ' and <= '~')
            ? key
            : throw new RefusedException(Refused.BadRequest(ApiFault.Of("Idempotency-Key", key, $"1 to {LongestKey} ASCII characters")));
    }

    private static async Task<Results<Created<RunResponse>, ProblemResult>> AnswerAsync(
        CreateRunResult result, SparseDbContext db, HttpResponse response, CancellationToken cancellationToken)
    {
        switch (result.Outcome)
        {
            case CreateRunOutcome.Created or CreateRunOutcome.Existing:
                if (result.Outcome == CreateRunOutcome.Existing)
                {
                    response.Headers["Idempotent-Replayed"] = "true";
                }

                var run = await db.Runs.AsNoTracking().SingleAsync(run => run.Id == result.RunId, cancellationToken);
                return TypedResults.Created($"/v1/runs/{run.Id}", RunResponse.From(run));
            case CreateRunOutcome.KeyConflict:
                return Refused.Conflict(
                    "The Idempotency-Key was used with another body.",
                    ApiFault.Of("Idempotency-Key", $"used for run {result.RunId}", "a key of its own for each body"));
            case CreateRunOutcome.CheckpointNotFound:
                return Refused.Conflict(
                    "The checkpoint is gone by now.", ApiFault.Of("$.checkpointId", "gone", "a checkpoint that exists"));
            default:
                return Refused.Unprocessable(
                    "The checkpoint has no epochs left to train.",
                    ApiFault.Of("$.epochs", "too few", "more epochs than the checkpoint has"));
        }
    }

    private static async Task<Ok<Page<RunResponse>>> List(
        SparseDbContext db, TimeProvider clock, CancellationToken cancellationToken, string? cursor = null, int? limit = null,
        string? state = null, string[]? label = null, string? name = null, Guid? dataset = null, Guid? owner = null,
        DateTimeOffset? createdAfter = null, DateTimeOffset? createdBefore = null, string? sort = null)
    {
        var runs = RunFilter.Apply(db.Runs.AsNoTracking(), state, label, name, dataset, owner, createdAfter, createdBefore);
        var (rows, next) = await RunOrder.ReadAsync(runs, sort, cursor, limit, clock.GetUtcNow(), cancellationToken);
        return TypedResults.Ok(new Page<RunResponse>(await RunRows.ToResponsesAsync(rows, db, clock, cancellationToken), next));
    }

    private static async Task<Results<Ok<RunResponse>, ProblemResult>> Get(
        Guid id, SparseDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        var run = await db.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellationToken);
        if (run is null)
        {
            return Refused.NotFound("run", id);
        }

        var row = (await RunRows.ToResponsesAsync([run], db, clock, cancellationToken))[0];
        return TypedResults.Ok(row with { Environment = await RunRows.EnvironmentAsync(id, db, cancellationToken) });
    }

    private static async Task<Results<Ok<Engine.Training.RunSpec>, ProblemResult>> Spec(
        Guid id, SparseDbContext db, CancellationToken cancellationToken) =>
        await db.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellationToken) is { } run
            ? TypedResults.Ok(run.Spec)
            : Refused.NotFound("run", id);

    private static Task<Results<Ok<RunResponse>, ProblemResult>> Cancel(
        Guid id, ClaimsPrincipal user, SparseDbContext db, RunCommands commands, CancellationToken cancellationToken) =>
        SteerAsync(RunCommand.Cancel, id, user, db, commands, cancellationToken);

    private static Task<Results<Ok<RunResponse>, ProblemResult>> Pause(
        Guid id, ClaimsPrincipal user, SparseDbContext db, RunCommands commands, CancellationToken cancellationToken) =>
        SteerAsync(RunCommand.Pause, id, user, db, commands, cancellationToken);

    private static Task<Results<Ok<RunResponse>, ProblemResult>> Resume(
        Guid id, ClaimsPrincipal user, SparseDbContext db, RunCommands commands, CancellationToken cancellationToken) =>
        SteerAsync(RunCommand.Resume, id, user, db, commands, cancellationToken);

    private static async Task<Results<Ok<RunResponse>, ProblemResult>> SteerAsync(
        RunCommand command, Guid id, ClaimsPrincipal user, SparseDbContext db, RunCommands commands, CancellationToken cancellationToken)
    {
        if (await RefusalAsync(id, user, db, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        var result = await commands.ApplyAsync(command, id, cancellationToken);
        if (result.Outcome == CommandOutcome.NotAllowed)
        {
            return Refused.Conflict(
                result.Message, ApiFault.Of("state", EnumText.Of(result.State), $"a state that can {EnumText.Of(command)}"));
        }

        return await db.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellationToken) is { } run
            ? TypedResults.Ok(RunResponse.From(run))
            : Refused.NotFound("run", id);
    }

    private static async Task<Results<NoContent, ProblemResult>> Delete(
        Guid id, ClaimsPrincipal user, SparseDbContext db, RunCommands commands, CancellationToken cancellationToken)
    {
        if (await RefusalAsync(id, user, db, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        return await commands.DeleteAsync(id, cancellationToken)
            ? TypedResults.NoContent()
            : Refused.Conflict(
                "The run is not finished; cancel it first.", ApiFault.Of("state", "not finished", "succeeded, failed or cancelled"));
    }

    private static async Task<ProblemResult?> RefusalAsync(
        Guid id, ClaimsPrincipal user, SparseDbContext db, CancellationToken cancellationToken)
    {
        var owner = await db.Runs.Where(run => run.Id == id).Select(run => (Guid?)run.OwnerId).SingleOrDefaultAsync(cancellationToken);
        return owner is null ? Refused.NotFound("run", id) : user.MaySteer(owner.Value) ? null : Refused.NotOwner("run", id);
    }
}
