using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using SparseService.Engine.Training;
using SparseService.Persistence;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Events;

/// <summary>Appends to the history of a run, in the transaction of the change that it tells of.</summary>
public static class RunEventLog
{
    /// <summary>Appends one event and rings for those who watch. The run's row is locked until the caller's transaction ends, which makes the numbers gapless.</summary>
    /// <returns>The sequence number of the event.</returns>
    public static async Task<long> AppendAsync<TPayload>(
        NpgsqlConnection connection, Guid runId, RunEventKind kind, TPayload payload, CancellationToken cancellationToken = default)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH raised AS (UPDATE runs SET last_event_seq = last_event_seq + 1 WHERE id = @id RETURNING last_event_seq),
                 appended AS (INSERT INTO run_events (run_id, seq, kind, payload, at)
                              SELECT @id, last_event_seq, @kind, @payload, clock_timestamp() FROM raised RETURNING seq)
            SELECT seq, pg_notify('run_events', @id::text || ':' || seq) FROM appended
            """,
            connection);
        command.Parameters.AddWithValue("id", runId);
        command.Parameters.AddWithValue("kind", EnumText.Of(kind));
        command.Parameters.AddWithValue("payload", NpgsqlDbType.Jsonb, JsonSerializer.Serialize(payload, RunSpecJson.Options));
        return await command.ExecuteScalarAsync(cancellationToken) is long seq
            ? seq
            : throw new InvalidOperationException($"Run {runId} does not exist: no event can be appended");
    }

    /// <summary>Puts a run into a state and appends the event that says so. The caller has locked the row and checked that the change is allowed.</summary>
    internal static async Task ChangeStateAsync(
        NpgsqlConnection connection, Guid runId, RunState state, RunReason reason, string? message, CancellationToken cancellationToken,
        RunEnvironment? environment = null)
    {
        await using var command = new NpgsqlCommand(
            """
            UPDATE runs SET state = @state, reason = @reason, message = @message,
                finished_at = CASE WHEN @ended THEN clock_timestamp() END,
                lease_owner = CASE WHEN @leased THEN lease_owner END,
                lease_expires_at = CASE WHEN @leased THEN lease_expires_at END
            WHERE id = @id
            RETURNING attempt
            """,
            connection);
        command.Parameters.AddWithValue("id", runId);
        command.Parameters.AddWithValue("state", EnumText.Of(state));
        command.Parameters.AddWithValue("reason", EnumText.Of(reason));
        command.Parameters.AddWithValue("message", NpgsqlDbType.Text, (object?)message ?? DBNull.Value);
        command.Parameters.AddWithValue("ended", state is RunState.Succeeded or RunState.Failed or RunState.Cancelled);
        command.Parameters.AddWithValue("leased", state is RunState.Starting or RunState.Running or RunState.Pausing or RunState.Stopping);
        var attempt = (int)(await command.ExecuteScalarAsync(cancellationToken))!;
        await AppendAsync(
            connection, runId, RunEventKind.State, new StatePayload(state, reason, message, attempt, environment), cancellationToken);
    }

    internal static async Task NotifyAsync(NpgsqlConnection connection, string channel, string payload, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_notify(@channel, @payload)", connection);
        command.Parameters.AddWithValue("channel", channel);
        command.Parameters.AddWithValue("payload", payload);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
