using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using SparseService.Jobs.Events;
using SparseService.Jobs.Hosting;
using SparseService.Persistence;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Queue;

/// <summary>The runs table as a queue: oldest first, each run to one worker at a time.</summary>
public sealed class RunQueue(NpgsqlDataSource dataSource, IOptions<WorkerOptions> options)
{
    private const string Claimable =
        """
        ((state = 'queued' AND not_before <= now())
            OR (state IN ('starting', 'running', 'pausing', 'stopping') AND lease_expires_at < now()))
        """;

    /// <summary>Takes the oldest run that waits or whose worker is gone.</summary>
    /// <param name="owner">Name of the worker.</param>
    /// <param name="only">Take this run or none.</param>
    /// <returns>Null when there is nothing to do.</returns>
    public async Task<ClaimedRun?> ClaimAsync(string owner, Guid? only = null, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        while (true)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            if (await TakeAsync(connection, owner, only, cancellationToken) is not var (run, before))
            {
                return null;
            }

            var settled = await SettleAsync(connection, run, before, cancellationToken);
            // Not cancellable: a claim that was committed unseen would wait for its lease to run out.
            await transaction.CommitAsync(CancellationToken.None);
            if (!settled)
            {
                if (run.Attempt > 1)
                {
                    await RunLease.EndPredecessorsAsync(connection, run.RunId, CancellationToken.None);
                }

                return run;
            }
        }
    }

    /// <summary>The runs that a worker could claim now, oldest first.</summary>
    /// <param name="most">No more than these.</param>
    public async Task<IReadOnlyList<Guid>> DueAsync(int most, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand($"SELECT id FROM runs WHERE {Claimable} ORDER BY created_at, id LIMIT @most");
        command.Parameters.AddWithValue("most", most);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var due = new List<Guid>();
        while (await reader.ReadAsync(cancellationToken))
        {
            due.Add(reader.GetGuid(0));
        }

        return due;
    }

    /// <summary>What somebody has to know who finds a worker for a run.</summary>
    /// <returns>The backend that the run's spec names, and how long it is not due yet; null when it was deleted meanwhile.</returns>
    public async Task<(string? Backend, TimeSpan Wait)?> FindAsync(Guid runId)
    {
        await using var command = dataSource.CreateCommand(
            "SELECT spec #>> '{training,backend}', not_before - now() FROM runs WHERE id = @id");
        command.Parameters.AddWithValue("id", runId);
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? (reader.IsDBNull(0) ? null : reader.GetString(0), reader.GetTimeSpan(1)) : null;
    }

    private async Task<(ClaimedRun Run, RunState Before)?> TakeAsync(NpgsqlConnection connection, string owner, Guid? only, CancellationToken cancellationToken)
    {
        // A run whose worker vanished has met a fault; one that was queued brings its count with it.
        await using var command = new NpgsqlCommand(
            $"""
            UPDATE runs SET lease_epoch = lease_epoch + 1, attempt = attempt + 1, lease_owner = @owner, lease_expires_at = now() + @lease,
                faults = runs.faults + CASE WHEN runs.state = 'queued' THEN 0 ELSE 1 END,
                started_at = COALESCE(runs.started_at, now())
            FROM (SELECT id, state, reason FROM runs WHERE {Claimable} AND (@only IS NULL OR id = @only)
                  ORDER BY created_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS taken
            WHERE runs.id = taken.id
            RETURNING runs.id, runs.lease_epoch, runs.attempt, runs.faults, taken.state, taken.reason
            """,
            connection);
        command.Parameters.AddWithValue("owner", owner);
        command.Parameters.AddWithValue("lease", options.Value.Lease);
        command.Parameters.AddWithValue("only", NpgsqlDbType.Uuid, (object?)only ?? DBNull.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        var run = new ClaimedRun(
            reader.GetGuid(0), reader.GetInt64(1), reader.GetInt32(2), reader.GetInt32(3), EnumText.Parse<RunReason>(reader.GetString(5)));
        return (run, EnumText.Parse<RunState>(reader.GetString(4)));
    }

    /// <returns>True when the run needs no worker any more: its owner wanted it stopped when its worker died, or it has died too often.</returns>
    private async Task<bool> SettleAsync(NpgsqlConnection connection, ClaimedRun run, RunState before, CancellationToken cancellationToken)
    {
        var (state, reason, message) = before switch
        {
            RunState.Pausing => (RunState.Paused, RunReason.User, "Paused at the last checkpoint: the worker was gone"),
            RunState.Stopping => (RunState.Cancelled, RunReason.User, "Cancelled at the last checkpoint: the worker was gone"),
            RunState.Starting or RunState.Running when run.Faults >= options.Value.MaxFaults => (
                RunState.Failed, RunReason.LeaseLost, $"Its worker died or vanished {run.Faults} times in a row without finishing an epoch; see the workers' logs"),
            RunState.Queued => (RunState.Starting, RunReason.None, null),
            _ => (RunState.Starting, RunReason.LeaseLost, "Taken over from a worker that was not heard of any more"),
        };
        await RunEventLog.ChangeStateAsync(connection, run.RunId, state, reason, message, cancellationToken);
        return state != RunState.Starting;
    }
}
