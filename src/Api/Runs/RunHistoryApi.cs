namespace SparseService.Api.Runs;

/// <summary>What happened to a run: events, metrics, statistics, checkpoints.</summary>
public static class RunHistoryApi
{
    private const int DefaultEvents = 200;
    private const int MostEvents = 1000;
    private const int DefaultPoints = 500;
    private const int MostPoints = 5000;
    private const int MostSeries = 20;
    private const int DefaultHistory = 64;
    private const int MostHistory = 1000;
    private const int MostHistoryLayers = 8192;

    public static void MapRunHistory(this RouteGroupBuilder runs)
    {
        runs.MapGet("/{id:guid}/events", Events).WithName("listRunEvents").Needs(ApiRole.Viewer).Refuses(400, 404)
            .WithSummary("Read events behind a sequence number, oldest first");
        runs.MapGet("/{id:guid}/metrics", Metrics).WithName("getRunMetrics").Needs(ApiRole.Viewer).Refuses(400, 404)
            .WithSummary("Read series, thinned to a number of points")
            .WithDescription(
                "Each bucket gives its smallest and its largest value, at the steps where they occurred; the first and the last "
                + "point always stay. Without series: all that the run has, stepLoss and those of single ranks excepted.");
        runs.MapGet("/{id:guid}/statistics", Statistics).WithName("getRunStatistics").Needs(ApiRole.Viewer).Refuses(400, 404)
            .Produces<Engine.Training.NetworkStatistics>()
            .WithSummary("Read an epoch's statistics of the network; the newest by default");
        runs.MapGet("/{id:guid}/statistics/history", StatisticsHistory).WithName("listRunStatistics").Needs(ApiRole.Viewer)
            .Refuses(400, 404)
            .Produces<List<EpochLayers>>()
            .WithSummary("Read the layers' statistics of evenly spaced epochs")
            .WithDescription(
                "Every epoch of a short run, every second, fourth, eighth … of a longer one, and always the newest; fewer where the "
                + "network has many layers. Without the lists of single neurons, degrees and input importance, which an epoch's own "
                + "statistics have.");
        runs.MapGet("/{id:guid}/statistics/epochs", StatisticsEpochs).WithName("listRunStatisticsEpochs").Needs(ApiRole.Viewer).Refuses(404)
            .WithSummary("List the epochs that have statistics");
    }

    private static async Task<Results<Ok<RunEventsResponse>, ProblemResult>> Events(
        Guid id, SparseDbContext db, CancellationToken cancellationToken, long after = 0, int limit = DefaultEvents)
    {
        if (after < 0)
        {
            return Refused.BadRequest(ApiFault.Of("after", after, "0 or a sequence number"));
        }

        if (limit is < 1 or > MostEvents)
        {
            return Refused.BadRequest(ApiFault.Of("limit", limit, $"1 to {MostEvents}"));
        }

        if (!await db.Runs.AnyAsync(run => run.Id == id, cancellationToken))
        {
            return Refused.NotFound("run", id);
        }

        var rows = await db.RunEvents.AsNoTracking().Where(row => row.RunId == id && row.Seq > after)
            .OrderBy(row => row.Seq).Take(limit + 1).ToListAsync(cancellationToken);
        var items = rows.Take(limit).Select(RunEventMessage.From).ToList();
        return TypedResults.Ok(new RunEventsResponse(items, items.Count > 0 ? items[^1].Seq : after, rows.Count > limit));
    }

    private static async Task<Results<Ok<Dictionary<string, IReadOnlyList<MetricPoint>>>, ProblemResult>> Metrics(
        Guid id, SparseDbContext db, CancellationToken cancellationToken,
        string? series = null, int maxPoints = DefaultPoints, long from = 1, long to = long.MaxValue)
    {
        var names = series?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct().ToList();
        var fault = names is { Count: 0 or > MostSeries } ? ApiFault.Of("series", series, $"1 to {MostSeries} names, separated by commas")
            : maxPoints is < 4 or > MostPoints ? ApiFault.Of("maxPoints", maxPoints, $"4 to {MostPoints}")
            : from < 1 ? ApiFault.Of("from", from, "at least 1")
            : to < from ? ApiFault.Of("to", to, $"at least from, which is {from}")
            : null;
        if (fault is not null)
        {
            return Refused.BadRequest(fault);
        }

        if (!await db.Runs.AnyAsync(run => run.Id == id, cancellationToken))
        {
            return Refused.NotFound("run", id);
        }

        names ??= await db.RunMetrics.Where(metric => metric.RunId == id && metric.Series != "stepLoss")
            .Where(metric => !EF.Functions.Like(metric.Series, "%.%")) // of single ranks
            .Select(metric => metric.Series).Distinct().Order().Take(MostSeries).ToListAsync(cancellationToken);
        var answer = new Dictionary<string, IReadOnlyList<MetricPoint>>();
        foreach (var name in names)
        {
            answer[name] = await MetricThinning.ReadAsync(db, id, name, from, to, maxPoints, cancellationToken);
        }

        return TypedResults.Ok(answer);
    }

    private static async Task<Results<ContentHttpResult, ProblemResult>> Statistics(
        Guid id, SparseDbContext db, CancellationToken cancellationToken, int? epoch = null)
    {
        var row = await db.RunStatistics.AsNoTracking().Where(row => row.RunId == id && (epoch == null || row.Epoch == epoch))
            .OrderByDescending(row => row.Epoch).FirstOrDefaultAsync(cancellationToken);
        if (row is not null)
        {
            return TypedResults.Text(row.Payload, "application/json"); // Stored as the wire form; no need to take it apart.
        }

        return await db.Runs.AnyAsync(run => run.Id == id, cancellationToken)
            ? Refused.Because(
                404, "The run has no such statistics.",
                ApiFault.Of("epoch", epoch?.ToString() ?? "the newest", "an epoch that GET /v1/runs/{id}/statistics/epochs lists"))
            : Refused.NotFound("run", id);
    }

    private static async Task<Results<Ok<List<int>>, ProblemResult>> StatisticsEpochs(
        Guid id, SparseDbContext db, CancellationToken cancellationToken) =>
        await db.Runs.AnyAsync(run => run.Id == id, cancellationToken)
            ? TypedResults.Ok(
                await db.RunStatistics.Where(row => row.RunId == id).Select(row => row.Epoch).Order().ToListAsync(cancellationToken))
            : Refused.NotFound("run", id);

    private static async Task<Results<ContentHttpResult, ProblemResult>> StatisticsHistory(
        Guid id, SparseDbContext db, CancellationToken cancellationToken, int maxEpochs = DefaultHistory)
    {
        if (maxEpochs is < 1 or > MostHistory)
        {
            return Refused.BadRequest(ApiFault.Of("maxEpochs", maxEpochs, $"1 to {MostHistory}"));
        }

        var run = await db.Runs.AsNoTracking().Where(run => run.Id == id)
            .Select(run => new { run.EpochsDone, run.Spec }).SingleOrDefaultAsync(cancellationToken);
        if (run is null)
        {
            return Refused.NotFound("run", id);
        }

        var most = Math.Clamp(MostHistoryLayers / Math.Max(1, run.Spec.Training.Network.Layers.Count - 1), 1, maxEpochs);
        var stride = 1;
        while ((run.EpochsDone + stride - 1) / stride > most)
        {
            stride *= 2;
        }

        var rows = await db.Database.SqlQuery<string>(
            $"""
            SELECT json_build_object('epoch', epoch, 'layers', (
                SELECT json_agg((layer #- ARRAY['importance', 'top']) - 'fanIn' - 'fanOut' - 'dead')
                FROM jsonb_array_elements(payload->'layers') AS layer))::text AS "Value"
            FROM run_statistics WHERE run_id = {id} AND ((epoch - 1) % {stride} = 0 OR epoch = {run.EpochsDone})
            ORDER BY epoch
            """).ToListAsync(cancellationToken);
        return TypedResults.Text($"[{string.Join(',', rows)}]", "application/json");
    }
}
