using Npgsql;

namespace SparseService.Persistence.Blobs;

/// <summary>Deletes blobs that no dataset, checkpoint or model names.</summary>
public static class BlobSweep
{
    /// <param name="age">Younger blobs are left alone: their row may be on its way.</param>
    /// <returns>The number of blobs deleted.</returns>
    public static async Task<int> RunAsync(NpgsqlConnection connection, TimeSpan age, CancellationToken cancellationToken = default)
    {
        await using var command = new NpgsqlCommand(
            """
            DELETE FROM blobs b
            WHERE b.created_at < now() - @age
              AND NOT EXISTS (SELECT FROM datasets d WHERE d.content_hash = b.hash)
              AND NOT EXISTS (SELECT FROM checkpoints c WHERE c.blob_hash = b.hash)
              AND NOT EXISTS (SELECT FROM models m WHERE m.blob_hash = b.hash)
            """,
            connection);
        command.CommandTimeout = 0;
        command.Parameters.AddWithValue("age", age);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
