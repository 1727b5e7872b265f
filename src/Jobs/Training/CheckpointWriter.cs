using Npgsql;
using NpgsqlTypes;
using SparseService.Engine.Training;
using SparseService.Jobs.Events;
using SparseService.Persistence.Blobs;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Training;

/// <summary>Publishes checkpoints inside a fenced transaction and forgets those that retention does not keep.</summary>
internal static class CheckpointWriter
{
    /// <param name="blob">The bytes, written earlier in the same transaction.</param>
    public static async Task PublishAsync(
        NpgsqlConnection connection, Guid runId, CheckpointDraft draft, StoredBlob blob, int keep, CancellationToken cancellationToken)
    {
        await using var insert = new NpgsqlCommand(
            """
            WITH published AS (
                INSERT INTO checkpoints (id, run_id, epoch, step, blob_hash, bytes, nnz, test_loss, test_accuracy, created_at)
                VALUES (@id, @run, @epoch, @step, @hash, @bytes, @nnz, @loss, @accuracy, clock_timestamp())
                ON CONFLICT (id) DO NOTHING RETURNING id)
            UPDATE runs SET last_checkpoint_id = published.id, steps_done = @step FROM published WHERE runs.id = @run RETURNING published.id
            """,
            connection);
        insert.Parameters.AddWithValue("id", draft.Id);
        insert.Parameters.AddWithValue("run", runId);
        insert.Parameters.AddWithValue("epoch", draft.Epoch);
        insert.Parameters.AddWithValue("step", draft.Step);
        insert.Parameters.AddWithValue("hash", blob.Hash);
        insert.Parameters.AddWithValue("bytes", blob.Bytes);
        insert.Parameters.AddWithValue("nnz", draft.Nnz);
        insert.Parameters.AddWithValue("loss", NpgsqlDbType.Double, (object?)draft.TestLoss ?? DBNull.Value);
        insert.Parameters.AddWithValue("accuracy", NpgsqlDbType.Double, (object?)draft.TestAccuracy ?? DBNull.Value);
        if (await insert.ExecuteScalarAsync(cancellationToken) is null)
        {
            return;
        }

        await RunEventLog.AppendAsync(
            connection, runId, RunEventKind.Checkpoint, new CheckpointPayload(draft.Id, draft.Epoch, draft.Step, blob.Bytes), cancellationToken);
        await RetainAsync(connection, runId, keep, cancellationToken);
    }

    /// <summary>Writes the training's state to a spool file.</summary>
    public static CheckpointDraft Draft(ITraining training, EpochResult? result, string spoolFolder)
    {
        var bytes = SpoolFile.Create(spoolFolder);
        training.WriteCheckpoint(bytes);
        return new CheckpointDraft(Guid.CreateVersion7(), training.EpochsDone, training.Step, training.Nnz, result?.TestLoss, result?.TestAccuracy, bytes);
    }

    // The bytes go later, by the sweep: another run may have the very same ones.
    private static async Task RetainAsync(NpgsqlConnection connection, Guid runId, int keep, CancellationToken cancellationToken)
    {
        await using var delete = new NpgsqlCommand(
            """
            DELETE FROM checkpoints WHERE run_id = @run
                AND id NOT IN (SELECT id FROM checkpoints WHERE run_id = @run ORDER BY step DESC, created_at DESC LIMIT @keep)
                AND id NOT IN (SELECT id FROM checkpoints WHERE run_id = @run AND test_loss IS NOT NULL
                               ORDER BY test_accuracy DESC NULLS LAST, test_loss, step LIMIT 1)
            """,
            connection);
        delete.Parameters.AddWithValue("run", runId);
        delete.Parameters.AddWithValue("keep", keep);
        await delete.ExecuteNonQueryAsync(cancellationToken);
    }
}
