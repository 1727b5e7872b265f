using Npgsql;

namespace SparseService.Api.Admin;

/// <summary>Asks the database how large things are. Nothing is read that grows with the bytes themselves.</summary>
internal static class StorageSizes
{
    private const int LargestItems = 10;

    public static async Task<StorageResponse> ReadAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var kinds = await KindsAsync(connection, cancellationToken);
        var largest = await LargestAsync(connection, cancellationToken);
        await using var whole = new NpgsqlCommand("SELECT pg_database_size(current_database())", connection);
        return new StorageResponse((long)(await whole.ExecuteScalarAsync(cancellationToken))!, kinds, largest);
    }

    private static Task<List<StorageKind>> KindsAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => ReadAsync(
        connection,
        """
        WITH used AS (
            SELECT b.bytes,
                EXISTS (SELECT FROM datasets d WHERE d.content_hash = b.hash) AS dataset,
                EXISTS (SELECT FROM checkpoints c WHERE c.blob_hash = b.hash) AS checkpoint,
                EXISTS (SELECT FROM models m WHERE m.blob_hash = b.hash) AS model
            FROM blobs b)
        SELECT 'datasets', (SELECT count(*) FROM datasets), COALESCE(sum(bytes) FILTER (WHERE dataset), 0)::bigint FROM used
        UNION ALL
        SELECT 'checkpoints', (SELECT count(*) FROM checkpoints), COALESCE(sum(bytes) FILTER (WHERE checkpoint), 0)::bigint FROM used
        UNION ALL
        SELECT 'models', (SELECT count(*) FROM models), COALESCE(sum(bytes) FILTER (WHERE model), 0)::bigint FROM used
        UNION ALL
        SELECT 'unused', count(*) FILTER (WHERE unused), COALESCE(sum(bytes) FILTER (WHERE unused), 0)::bigint
        FROM (SELECT bytes, NOT (dataset OR checkpoint OR model) AS unused FROM used) AS swept
        UNION ALL
        SELECT 'uploads', (SELECT count(*) FROM uploads), pg_total_relation_size('upload_parts')
        UNION ALL
        SELECT substr(relname, 5), NULL, pg_total_relation_size(oid) FROM pg_class
        WHERE oid IN ('run_metrics'::regclass, 'run_statistics'::regclass, 'run_events'::regclass)
        ORDER BY 3 DESC, 1
        """,
        row => new StorageKind(row.GetString(0), row.IsDBNull(1) ? null : row.GetInt64(1), row.GetInt64(2)),
        cancellationToken);

    private static Task<List<StorageItem>> LargestAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => ReadAsync(
        connection,
        $"""
        SELECT 'dataset', id, name || ' v' || version, 1::bigint, bytes FROM datasets
        UNION ALL
        SELECT 'model', id, name, 1::bigint, bytes FROM models
        UNION ALL
        SELECT 'checkpoints', r.id, COALESCE(r.name, r.id::text), count(*), sum(c.bytes)::bigint
        FROM checkpoints c JOIN runs r ON r.id = c.run_id GROUP BY r.id
        UNION ALL
        SELECT 'upload', id, file_name, 1::bigint, bytes FROM uploads
        ORDER BY 5 DESC, 2 LIMIT {LargestItems}
        """,
        row => new StorageItem(row.GetString(0), row.GetGuid(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4)),
        cancellationToken);

    private static async Task<List<T>> ReadAsync<T>(
        NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
