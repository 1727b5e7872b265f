using Npgsql;
using NpgsqlTypes;

namespace SparseService.Jobs.Training;

/// <summary>The one way into <c>run_metrics</c>.</summary>
internal static class MetricCopy
{
    /// <summary>
    /// Adds points in the caller's transaction; a point that is there stays. The caller has passed the fence.
    /// A value that is not finite is left out, as JSON, in which all of them are read, has no number for it.
    /// </summary>
    public static async Task WriteAsync(
        NpgsqlConnection connection, Guid runId, IReadOnlyCollection<MetricPoint> points, CancellationToken cancellationToken)
    {
        // COPY knows no ON CONFLICT, so it fills a table that only this session sees.
        await ExecuteAsync(
            connection,
            """
            CREATE TEMPORARY TABLE IF NOT EXISTS incoming_metrics (series varchar(64), step bigint, value double precision)
            ON COMMIT DELETE ROWS
            """,
            cancellationToken);
        await using (var copy = await connection.BeginBinaryImportAsync(
            "COPY incoming_metrics (series, step, value) FROM STDIN (FORMAT BINARY)", cancellationToken))
        {
            foreach (var point in points.Where(point => double.IsFinite(point.Value)))
            {
                await copy.StartRowAsync(cancellationToken);
                await copy.WriteAsync(point.Series, NpgsqlDbType.Varchar, cancellationToken);
                await copy.WriteAsync(point.Step, NpgsqlDbType.Bigint, cancellationToken);
                await copy.WriteAsync(point.Value, NpgsqlDbType.Double, cancellationToken);
            }

            await copy.CompleteAsync(cancellationToken);
        }

        await using var insert = new NpgsqlCommand(
            """
            INSERT INTO run_metrics (run_id, series, step, value) SELECT @id, series, step, value FROM incoming_metrics ON CONFLICT DO NOTHING
            """,
            connection);
        insert.Parameters.AddWithValue("id", runId);
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
