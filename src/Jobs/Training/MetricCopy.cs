using Npgsql;
using NpgsqlTypes;

namespace SparseService.Jobs.Training;

/// <summary>
/// The one way into <c>run_metrics</c>, in two steps of one transaction. A worker that freezes in a COPY is not idle for the server, which waits without
/// limit; so the COPY comes before the fence, while no lock is held that anyone could wait for.
/// </summary>
internal static class MetricCopy
{
    /// <summary>
    /// Brings points to the server, where only this transaction sees them. A value that is not finite is left out, as JSON, in which all of them
    /// are read, has no number for it.
    /// </summary>
    public static async Task StageAsync(
        NpgsqlConnection connection, IReadOnlyCollection<MetricPoint> points, CancellationToken cancellationToken)
    {
        await ExecuteAsync(
            connection,
            """
            CREATE TEMPORARY TABLE IF NOT EXISTS incoming_metrics (series varchar(64), step bigint, value double precision)
            ON COMMIT DELETE ROWS
            """,
            cancellationToken);
        await using var copy = await connection.BeginBinaryImportAsync(
            "COPY incoming_metrics (series, step, value) FROM STDIN (FORMAT BINARY)", cancellationToken);
        foreach (var point in points.Where(point => double.IsFinite(point.Value)))
        {
            await copy.StartRowAsync(cancellationToken);
            await copy.WriteAsync(point.Series, NpgsqlDbType.Varchar, cancellationToken);
            await copy.WriteAsync(point.Step, NpgsqlDbType.Bigint, cancellationToken);
            await copy.WriteAsync(point.Value, NpgsqlDbType.Double, cancellationToken);
        }

        await copy.CompleteAsync(cancellationToken);
    }

    /// <summary>Adds the staged points to a run; one that is there stays. The caller has passed the fence.</summary>
    public static async Task PublishAsync(NpgsqlConnection connection, Guid runId, CancellationToken cancellationToken)
    {
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
