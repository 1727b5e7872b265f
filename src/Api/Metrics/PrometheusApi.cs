using System.Text;

namespace SparseService.Api.Metrics;

/// <summary><c>GET /metrics</c>: what the process measures, and what the database knows of runs.</summary>
public static class PrometheusApi
{
    public static void MapPrometheus(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/metrics", Get).WithTags("Health").WithName("getMetrics").Needs(ApiRole.Viewer)
            .Produces<string>(200, "text/plain").Refuses(401, 429)
            .WithSummary("Measurements in Prometheus' text format")
            .WithDescription("Let Prometheus send a viewer's key: authorization: { type: Bearer, credentials_file: … }.");

    private static async Task<ContentHttpResult> Get(MeterCollection meters, SparseDbContext db, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        meters.WriteTo(text);
        await WriteRunsAsync(text, db, cancellationToken);
        return TypedResults.Text(text.ToString(), PrometheusText.ContentType);
    }

    private static async Task WriteRunsAsync(StringBuilder text, SparseDbContext db, CancellationToken cancellationToken)
    {
        var states = await db.Runs.GroupBy(run => run.State)
            .Select(group => new
            {
                State = group.Key,
                Runs = group.LongCount(),
                Epochs = group.Sum(run => (long)run.EpochsDone),
                Steps = group.Sum(run => run.StepsDone),
            })
            .ToListAsync(cancellationToken);
        PrometheusText.Header(text, "sparse_runs", "Runs by state.", "gauge");
        foreach (var state in Enum.GetValues<RunState>())
        {
            var runs = states.SingleOrDefault(row => row.State == state)?.Runs ?? 0;
            PrometheusText.Sample(text, "sparse_runs", $"state=\"{EnumText.Of(state)}\"", runs);
        }

        Single(text, "sparse_run_epochs", "Epochs recorded, over all runs that are still here.", states.Sum(row => row.Epochs));
        Single(text, "sparse_run_steps", "Optimizer updates recorded, over all runs that are still here.", states.Sum(row => row.Steps));

        var active = db.Runs.Where(run => run.State == RunState.Running || run.State == RunState.Pausing || run.State == RunState.Stopping);
        var rates = await active
            .Select(run => db.RunMetrics.Where(metric => metric.RunId == run.Id && metric.Series == "samplesPerSecond")
                .OrderByDescending(metric => metric.Step).Select(metric => metric.Value).FirstOrDefault())
            .ToListAsync(cancellationToken);
        Single(text, "sparse_samples_per_second", "Samples trained per second in the newest epochs of running runs.", rates.Sum());
        var workers = await db.Workers.LongCountAsync(cancellationToken);
        Single(text, "sparse_workers", "Worker processes that have announced themselves.", workers);
    }

    private static void Single(StringBuilder text, string name, string help, double value)
    {
        PrometheusText.Header(text, name, help, "gauge");
        PrometheusText.Sample(text, name, "", value);
    }
}
