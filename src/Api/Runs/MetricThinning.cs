namespace SparseService.Api.Runs;

/// <summary>Thins a series in the database: the answer has as many points as asked for, however long the run was.</summary>
internal static class MetricThinning
{
    public static async Task<IReadOnlyList<MetricPoint>> ReadAsync(
        SparseDbContext db, Guid runId, string series, long from, long to, int maxPoints, CancellationToken cancellationToken)
    {
        var points = db.RunMetrics.Where(metric => metric.RunId == runId && metric.Series == series)
            .Where(metric => metric.Step >= from && metric.Step <= to);
        var extent = await points.GroupBy(_ => 1)
            .Select(group => new { Count = group.LongCount(), First = group.Min(row => row.Step), Last = group.Max(row => row.Step) })
            .SingleOrDefaultAsync(cancellationToken);
        if (extent is null)
        {
            return [];
        }

        if (extent.Count <= maxPoints)
        {
            return await points.OrderBy(metric => metric.Step).Select(metric => new MetricPoint(metric.Step, metric.Value))
                .ToListAsync(cancellationToken);
        }

        // Two points a bucket and the two ends: peaks and dips survive, which means or every n-th point would hide.
        var buckets = (maxPoints - 2) / 2;
        var width = ((extent.Last - extent.First) / buckets) + 1;
        return await db.Database.SqlQuery<MetricPoint>(
            $"""
            WITH points AS (
                SELECT step, value, (step - {extent.First}) / {width} AS bucket
                FROM run_metrics WHERE run_id = {runId} AND series = {series} AND step BETWEEN {extent.First} AND {extent.Last}),
            ranked AS (
                SELECT step, value,
                    row_number() OVER (PARTITION BY bucket ORDER BY value, step) AS low,
                    row_number() OVER (PARTITION BY bucket ORDER BY value DESC, step) AS high
                FROM points)
            SELECT step AS "Step", value AS "Value" FROM ranked
            WHERE low = 1 OR high = 1 OR step = {extent.First} OR step = {extent.Last}
            ORDER BY step
            """).ToListAsync(cancellationToken);
    }
}
