using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using SparseService.Engine.Training;
using SparseService.Jobs.Events;
using SparseService.Jobs.Queue;
using SparseService.Persistence;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Commands;

/// <summary>What clients do to runs. Each is one transaction: row, event and NOTIFY, or nothing.</summary>
/// <param name="doorbell">Rung after the commit; null where the NOTIFY is all that workers listen to.</param>
public sealed class RunCommands(NpgsqlDataSource dataSource, IRunDoorbell? doorbell = null)
{
    /// <summary>What an earlier request with the same key led to; null when there was none, or the key is null.</summary>
    public async Task<CreateRunResult?> FindAsync(
        Guid ownerId, string? idempotencyKey, byte[] bodyHash, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await FindByKeyAsync(connection, ownerId, idempotencyKey, bodyHash, cancellationToken);
    }

    /// <summary>Inserts a run in state queued, its idempotency key and its first event.</summary>
    public async Task<CreateRunResult> CreateAsync(NewRun newRun, CancellationToken cancellationToken = default)
    {
        if (newRun.IdempotencyKey is not null && newRun.BodyHash is null)
        {
            throw new ArgumentException("bodyHash is null; allowed: the SHA-256 of the body, as there is an idempotency key", nameof(newRun));
        }

        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        if (await FindByKeyAsync(connection, newRun.OwnerId, newRun.IdempotencyKey, newRun.BodyHash, cancellationToken) is { } earlier)
        {
            return earlier;
        }

        try
        {
            var created = await InsertAsync(connection, newRun, cancellationToken);
            await RingAsync(created.Outcome == CreateRunOutcome.Created, created.RunId);
            return created;
        }
        catch (PostgresException fault) when (fault is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "idempotency_keys" })
        {
            // Another request with the same key committed between our look and our insert.
            return (await FindByKeyAsync(connection, newRun.OwnerId, newRun.IdempotencyKey, newRun.BodyHash, cancellationToken))!;
        }
    }

    public Task<CommandResult> CancelAsync(Guid runId, CancellationToken cancellationToken = default) =>
        ApplyAsync(RunCommand.Cancel, runId, cancellationToken);

    public Task<CommandResult> PauseAsync(Guid runId, CancellationToken cancellationToken = default) =>
        ApplyAsync(RunCommand.Pause, runId, cancellationToken);

    public Task<CommandResult> ResumeAsync(Guid runId, CancellationToken cancellationToken = default) =>
        ApplyAsync(RunCommand.Resume, runId, cancellationToken);

    /// <summary>Deletes a run that is finished, and rings for those who watch the list.</summary>
    /// <returns>False when it is not finished, or not there.</returns>
    public async Task<bool> DeleteAsync(Guid runId, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(
            """
            WITH deleted AS (DELETE FROM runs WHERE id = @id AND state IN ('succeeded', 'failed', 'cancelled') RETURNING id)
            SELECT count(pg_notify('run_events', id::text || ':0')) FROM deleted
            """);
        command.Parameters.AddWithValue("id", runId);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))! > 0;
    }

    public async Task<CommandResult> ApplyAsync(RunCommand command, Guid runId, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await LockAsync(connection, runId, cancellationToken) is not var (state, hasCheckpoint))
        {
            return new CommandResult(CommandOutcome.NotFound, default, [], $"Run {runId} does not exist");
        }

        var allowed = RunTransitions.Allowed(state, hasCheckpoint);
        switch (RunTransitions.Next(command, state, hasCheckpoint))
        {
            case null:
                var words = allowed.Count == 0 ? "nothing; fork one of its checkpoints instead" : string.Join(", ", allowed.Select(EnumText.Of));
                return new CommandResult(
                    CommandOutcome.NotAllowed, state, allowed, $"The run is {EnumText.Of(state)}: {EnumText.Of(command)} is not allowed; allowed: {words}");
            case { } same when same == state:
                return new CommandResult(CommandOutcome.Unchanged, state, allowed, $"The run is {EnumText.Of(state)} already");
            case { } next:
                await ChangeAsync(connection, runId, next, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                await RingAsync(next == RunState.Queued, runId);
                return new CommandResult(CommandOutcome.Done, next, RunTransitions.Allowed(next, hasCheckpoint), $"The run is {EnumText.Of(next)}");
        }
    }

    private Task RingAsync(bool isQueued, Guid runId) => isQueued && doorbell is not null ? doorbell.RingAsync(runId) : Task.CompletedTask;

    private static async Task<(RunState State, bool HasCheckpoint)?> LockAsync(NpgsqlConnection connection, Guid runId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT state, last_checkpoint_id IS NOT NULL FROM runs WHERE id = @id FOR NO KEY UPDATE", connection);
        command.Parameters.AddWithValue("id", runId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (EnumText.Parse<RunState>(reader.GetString(0)), reader.GetBoolean(1)) : null;
    }

    private static async Task ChangeAsync(NpgsqlConnection connection, Guid runId, RunState next, CancellationToken cancellationToken)
    {
        var resumes = next == RunState.Queued;
        if (resumes)
        {
            await using var fresh = new NpgsqlCommand("UPDATE runs SET faults = 0, not_before = now() WHERE id = @id", connection);
            fresh.Parameters.AddWithValue("id", runId);
            await fresh.ExecuteNonQueryAsync(cancellationToken);
        }

        await RunEventLog.ChangeStateAsync(connection, runId, next, resumes ? RunReason.None : RunReason.User, null, cancellationToken);
        if (next is RunState.Queued or RunState.Pausing or RunState.Stopping)
        {
            await RunEventLog.NotifyAsync(connection, resumes ? Channels.RunsQueued : Channels.RunCommands, runId.ToString(), cancellationToken);
        }
    }

    private static async Task<CreateRunResult?> FindByKeyAsync(
        NpgsqlConnection connection, Guid ownerId, string? key, byte[]? bodyHash, CancellationToken cancellationToken)
    {
        if (key is null)
        {
            return null;
        }

        await using var command = new NpgsqlCommand("SELECT run_id, body_hash FROM idempotency_keys WHERE owner_id = @owner AND key = @key", connection);
        command.Parameters.AddWithValue("owner", ownerId);
        command.Parameters.AddWithValue("key", key);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        var sameBody = reader.GetFieldValue<byte[]>(1).AsSpan().SequenceEqual(bodyHash);
        return new CreateRunResult(sameBody ? CreateRunOutcome.Existing : CreateRunOutcome.KeyConflict, reader.GetGuid(0));
    }

    private static async Task<CreateRunResult> InsertAsync(NpgsqlConnection connection, NewRun newRun, CancellationToken cancellationToken)
    {
        var runId = Guid.CreateVersion7();
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await InsertRunAsync(connection, runId, newRun, cancellationToken);
        if (newRun.IdempotencyKey is not null)
        {
            await using var key = new NpgsqlCommand(
                "INSERT INTO idempotency_keys (owner_id, key, body_hash, run_id, created_at) VALUES (@owner, @key, @hash, @run, now())", connection);
            key.Parameters.AddWithValue("owner", newRun.OwnerId);
            key.Parameters.AddWithValue("key", newRun.IdempotencyKey);
            key.Parameters.AddWithValue("hash", newRun.BodyHash!);
            key.Parameters.AddWithValue("run", runId);
            await key.ExecuteNonQueryAsync(cancellationToken);
        }

        if (newRun.ForkFromCheckpointId is { } checkpointId
            && await AdoptCheckpointAsync(connection, runId, checkpointId, newRun.Spec.Training.Epochs, cancellationToken) is { } refusal)
        {
            return new CreateRunResult(refusal, Guid.Empty);
        }

        await RunEventLog.AppendAsync(
            connection, runId, RunEventKind.State, new StatePayload(RunState.Queued, RunReason.None, null, 0), cancellationToken);
        await RunEventLog.NotifyAsync(connection, Channels.RunsQueued, runId.ToString(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new CreateRunResult(CreateRunOutcome.Created, runId);
    }

    private static async Task InsertRunAsync(NpgsqlConnection connection, Guid runId, NewRun newRun, CancellationToken cancellationToken)
    {
        await using var insert = new NpgsqlCommand(
            """
            INSERT INTO runs (id, owner_id, name, labels, spec, dataset_id, state, reason, attempt, faults, lease_epoch, not_before,
                              epochs_total, epochs_done, steps_done, last_event_seq, forked_from_checkpoint_id, created_at)
            VALUES (@id, @owner, @name, @labels, @spec, @dataset, 'queued', 'none', 0, 0, 0, now(), @epochs, 0, 0, 0, @fork, now())
            """,
            connection);
        insert.Parameters.AddWithValue("id", runId);
        insert.Parameters.AddWithValue("owner", newRun.OwnerId);
        insert.Parameters.AddWithValue("name", NpgsqlDbType.Varchar, (object?)newRun.Spec.Name ?? DBNull.Value);
        insert.Parameters.AddWithValue("labels", NpgsqlDbType.Jsonb, JsonSerializer.Serialize(newRun.Spec.Labels, RunSpecJson.Options));
        insert.Parameters.AddWithValue("spec", NpgsqlDbType.Jsonb, JsonSerializer.Serialize(newRun.Spec, RunSpecJson.Options));
        insert.Parameters.AddWithValue("dataset", newRun.DatasetId);
        insert.Parameters.AddWithValue("epochs", newRun.Spec.Training.Epochs);
        insert.Parameters.AddWithValue("fork", NpgsqlDbType.Uuid, (object?)newRun.ForkFromCheckpointId ?? DBNull.Value);
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    // The new run gets a row of its own for the same bytes, so that the retention of the parent run cannot take them away.
    private static async Task<CreateRunOutcome?> AdoptCheckpointAsync(
        NpgsqlConnection connection, Guid runId, Guid checkpointId, int epochs, CancellationToken cancellationToken)
    {
        await using var adopt = new NpgsqlCommand(
            """
            WITH adopted AS (
                INSERT INTO checkpoints (id, run_id, epoch, step, blob_hash, bytes, nnz, test_loss, test_accuracy, created_at)
                SELECT @own, @run, epoch, step, blob_hash, bytes, nnz, test_loss, test_accuracy, now() FROM checkpoints WHERE id = @parent
                RETURNING epoch, step)
            UPDATE runs SET last_checkpoint_id = @own, epochs_done = adopted.epoch, steps_done = adopted.step
            FROM adopted WHERE id = @run RETURNING epochs_done
            """,
            connection);
        adopt.Parameters.AddWithValue("own", Guid.CreateVersion7());
        adopt.Parameters.AddWithValue("run", runId);
        adopt.Parameters.AddWithValue("parent", checkpointId);
        return await adopt.ExecuteScalarAsync(cancellationToken) switch
        {
            int done => done >= epochs ? CreateRunOutcome.NothingLeftToTrain : null,
            _ => CreateRunOutcome.CheckpointNotFound,
        };
    }
}
