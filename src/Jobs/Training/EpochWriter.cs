using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;
using NpgsqlTypes;
using SparseService.Engine.Training;
using SparseService.Jobs.Events;
using SparseService.Jobs.Queue;
using SparseService.Persistence.Blobs;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Training;

/// <summary>Writes what an epoch left behind: one fenced transaction, all of it or nothing.</summary>
internal sealed class EpochWriter(NpgsqlDataSource dataSource, RunLease lease, TrainingRun run)
{
    private static readonly JsonSerializerOptions NamedLiterals =
        new(RunSpecJson.Options) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public async Task WriteAsync(EpochRecord record, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (record.Model is not null && await IsPublishedAsync(connection, record.Model.Id, cancellationToken))
        {
            // An earlier try was committed and its answer got lost; the lease ended with it.
            return;
        }

        await lease.SignAsync(connection, cancellationToken);
        // The bytes go first: they take long, and from the fence on the heartbeat waits for this transaction.
        var checkpoint = record.Checkpoint is null ? default : await BlobStore.WriteAsync(connection, record.Checkpoint.Bytes, cancellationToken);
        var model = record.Model is null ? default : await BlobStore.WriteAsync(connection, record.Model.Bytes, cancellationToken);
        await MetricCopy.StageAsync(connection, [.. EpochSeries.Of(record)], cancellationToken);
        var fenced = await lease.FenceAsync(connection, cancellationToken);
        if (record.Result.Epoch > fenced.EpochsDone)
        {
            await RecordEpochAsync(connection, record, cancellationToken);
        }

        if (record.Checkpoint is not null)
        {
            await CheckpointWriter.PublishAsync(connection, run.Id, record.Checkpoint, checkpoint, run.Spec.Training.Checkpoints.Keep, cancellationToken);
        }

        if (record.Model is not null)
        {
            await PublishModelAsync(connection, record.Model, record.Result, model, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<bool> IsPublishedAsync(NpgsqlConnection connection, Guid modelId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM models WHERE id = @id)", connection);
        command.Parameters.AddWithValue("id", modelId);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task RecordEpochAsync(NpgsqlConnection connection, EpochRecord record, CancellationToken cancellationToken)
    {
        var result = record.Result;
        // A new epoch is progress: faults before it no longer count.
        await using (var progress = new NpgsqlCommand(
            """
            UPDATE runs SET epochs_done = @epoch, steps_done = @step, loss = @loss, test_loss = @testLoss, test_accuracy = @accuracy,
                best_test_accuracy = GREATEST(best_test_accuracy, @accuracy), nnz = @nnz, density = @density, faults = 0
            WHERE id = @id
            """,
            connection))
        {
            progress.Parameters.AddWithValue("id", run.Id);
            progress.Parameters.AddWithValue("epoch", result.Epoch);
            progress.Parameters.AddWithValue("step", result.Step);
            progress.Parameters.AddWithValue("loss", result.Loss);
            progress.Parameters.AddWithValue("testLoss", result.TestLoss);
            progress.Parameters.AddWithValue("accuracy", NpgsqlDbType.Double, (object?)result.TestAccuracy ?? DBNull.Value);
            progress.Parameters.AddWithValue("nnz", result.Nnz);
            progress.Parameters.AddWithValue("density", result.Density);
            await progress.ExecuteNonQueryAsync(cancellationToken);
        }

        await MetricCopy.PublishAsync(connection, run.Id, cancellationToken);
        var statisticsJson = StatisticsText(result.Statistics, out var allFinite);
        await using (var statistics = new NpgsqlCommand(
            "INSERT INTO run_statistics (run_id, epoch, payload) VALUES (@id, @epoch, @payload) ON CONFLICT DO NOTHING", connection))
        {
            statistics.Parameters.AddWithValue("id", run.Id);
            statistics.Parameters.AddWithValue("epoch", result.Epoch);
            statistics.Parameters.AddWithValue("payload", NpgsqlDbType.Jsonb, statisticsJson);
            await statistics.ExecuteNonQueryAsync(cancellationToken);
        }

        await RunEventLog.AppendAsync(connection, run.Id, RunEventKind.Epoch, EpochPayload.From(result, run.EpochsTotal, record.WorkerBytes), cancellationToken);
        var leftOut = EpochSeries.Of(record).Where(point => !double.IsFinite(point.Value)).Select(point => point.Series);
        await TellLeftOutAsync(connection, result.Epoch, allFinite ? leftOut : leftOut.Append("statistics"), cancellationToken);
    }

    // The statistics hold no text, so a quoted word is a number that JSON does not have.
    private static string StatisticsText(NetworkStatistics statistics, out bool allFinite)
    {
        var raw = JsonSerializer.Serialize(statistics, NamedLiterals);
        var text = raw.Replace("\"NaN\"", "null", StringComparison.Ordinal)
            .Replace("\"Infinity\"", "null", StringComparison.Ordinal).Replace("\"-Infinity\"", "null", StringComparison.Ordinal);
        allFinite = text.Length == raw.Length;
        return text;
    }

    private async Task TellLeftOutAsync(NpgsqlConnection connection, int epoch, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        if (string.Join(", ", names) is { Length: > 0 } list)
        {
            var message = $"Epoch {epoch} has numbers that are not finite in {list}; they are left out";
            await RunEventLog.AppendAsync(connection, run.Id, RunEventKind.Log, new LogPayload("warning", message), cancellationToken);
        }
    }

    private async Task PublishModelAsync(
        NpgsqlConnection connection, ModelDraft draft, EpochResult result, StoredBlob blob, CancellationToken cancellationToken)
    {
        await using (var insert = new NpgsqlCommand(
            """
            WITH published AS (
                INSERT INTO models (id, run_id, owner_id, name, blob_hash, bytes, dense_bytes, nnz, dense_parameters, features, outputs, class_names,
                                    test_accuracy, test_loss, created_at)
                VALUES (@id, @run, @owner, @name, @hash, @bytes, @denseBytes, @nnz, @denseParameters, @features, @outputs, @classNames,
                        @accuracy, @loss, clock_timestamp())
                RETURNING id)
            UPDATE runs SET model_id = published.id FROM published WHERE runs.id = @run
            """,
            connection))
        {
            insert.Parameters.AddWithValue("id", draft.Id);
            insert.Parameters.AddWithValue("run", run.Id);
            insert.Parameters.AddWithValue("owner", run.OwnerId);
            insert.Parameters.AddWithValue("name", run.Name ?? run.Id.ToString());
            insert.Parameters.AddWithValue("hash", blob.Hash);
            insert.Parameters.AddWithValue("bytes", blob.Bytes);
            insert.Parameters.AddWithValue("denseBytes", draft.DenseBytes);
            insert.Parameters.AddWithValue("nnz", draft.Nnz);
            insert.Parameters.AddWithValue("denseParameters", draft.DenseParameters);
            insert.Parameters.AddWithValue("features", draft.Features);
            insert.Parameters.AddWithValue("outputs", draft.Outputs);
            insert.Parameters.AddWithValue("classNames", draft.ClassNames.ToArray());
            insert.Parameters.AddWithValue("accuracy", NpgsqlDbType.Double, (object?)result.TestAccuracy ?? DBNull.Value);
            insert.Parameters.AddWithValue("loss", result.TestLoss);
            await insert.ExecuteNonQueryAsync(cancellationToken);
        }

        await RunEventLog.AppendAsync(
            connection, run.Id, RunEventKind.Model, new ModelPayload(draft.Id, blob.Bytes, draft.DenseBytes, draft.Nnz, result.TestAccuracy), cancellationToken);
        await RunEventLog.ChangeStateAsync(connection, run.Id, RunState.Succeeded, RunReason.None, null, cancellationToken);
    }
}
