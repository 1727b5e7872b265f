using Npgsql;
using SparseService.Shared;

namespace SparseService.Jobs.Tests;

/// <summary>
/// Keeps every worker from storing a checkpoint or a model once a run has some epochs on record, until it is disposed. Since a worker trains
/// only a few epochs ahead of its records, the training cannot end meanwhile, however quick the machine or slow the test.
/// </summary>
internal sealed class RecordHold : IAsyncDisposable
{
    private readonly NpgsqlConnection connection;

    private RecordHold(NpgsqlConnection connection) => this.connection = connection;

    /// <param name="epochs">Records up to this epoch pass freely.</param>
    public static async Task<RecordHold> PlaceAsync(TestDatabase database, int epochs)
    {
        await database.ExecuteAsync(
            $"""
             CREATE OR REPLACE FUNCTION hold_records() RETURNS trigger LANGUAGE plpgsql AS $body$
             BEGIN
                 IF (SELECT max(epochs_done) FROM runs) >= {epochs} THEN PERFORM pg_advisory_xact_lock_shared(1); END IF;
                 RETURN NULL;
             END $body$;
             CREATE OR REPLACE TRIGGER hold_records BEFORE INSERT ON blobs EXECUTE FUNCTION hold_records();
             """);
        var connection = await database.DataSource.OpenConnectionAsync();
        await using var hold = new NpgsqlCommand("SELECT pg_advisory_lock(1)", connection);
        await hold.ExecuteNonQueryAsync();
        return new RecordHold(connection);
    }

    public async ValueTask DisposeAsync()
    {
        await using (var release = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", connection))
        {
            await release.ExecuteNonQueryAsync();
        }

        await connection.DisposeAsync();
    }
}
