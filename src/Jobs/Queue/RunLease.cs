using System.Data.Common;
using Microsoft.Extensions.Logging;
using Npgsql;
using SparseService.Persistence;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Queue;

/// <summary>
/// The right to write for a run. Renewed by a thread and a connection of its own, so that neither long epochs nor a full thread pool starve it;
/// the same look at the row tells what the owner of the run wants.
/// </summary>
public sealed class RunLease : IDisposable
{
    private readonly NpgsqlDataSource dataSource;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly TimeSpan duration;
    private readonly AutoResetEvent poke = new(false);
    private readonly CancellationTokenSource interrupted = new();
    private readonly Thread heart;
    private readonly Lock gate = new();
    private long renewedAt;
    private volatile bool ended;
    private Interruption why;

    public RunLease(NpgsqlDataSource dataSource, ClaimedRun run, TimeSpan duration, TimeProvider time, ILogger logger)
    {
        this.dataSource = dataSource;
        this.duration = duration;
        this.time = time;
        this.logger = logger;
        Run = run;
        renewedAt = time.GetTimestamp();
        heart = new Thread(Beat) { IsBackground = true, Name = $"lease {run.RunId}" };
    }

    public ClaimedRun Run { get; }

    /// <summary>Cancelled when training has to stop; <see cref="Why"/> says for what.</summary>
    public CancellationToken Interrupted => interrupted.Token;

    public Interruption Why
    {
        get
        {
            lock (gate)
            {
                return why;
            }
        }
    }

    /// <summary>
    /// The <c>idle_in_transaction_session_timeout</c> of transactions that lock the run's row. A worker that freezes in one holds the row,
    /// and the queue skips locked rows: the server ends such a transaction when the lease is over.
    /// </summary>
    public string Patience => $"{(long)duration.TotalMilliseconds}ms";

    public bool IsLost => Why == Interruption.LeaseLost;

    public void Start() => heart.Start();

    /// <summary>Looks at the row now: somebody rang.</summary>
    public void Poke() => poke.Set();

    /// <summary>Stops training. A lost lease outranks every other cause, else the first one stays.</summary>
    public void Interrupt(Interruption cause)
    {
        lock (gate)
        {
            if (ended || (why != Interruption.None && cause != Interruption.LeaseLost))
            {
                return;
            }

            why = cause;
        }

        interrupted.Cancel();
    }

    /// <summary>
    /// Opens the caller's transaction to writes for this run: locks its row and checks that the lease is still ours. Everything written
    /// after it in the same transaction happens under the lease, or not at all. A command that the row holds is heard here too: short epochs
    /// would reach the end of training before a late heartbeat looks.
    /// </summary>
    /// <exception cref="LeaseLostException">It is not; training is told to stop.</exception>
    public async Task<FencedRun> FenceAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            UPDATE runs SET lease_epoch = lease_epoch WHERE id = @id AND lease_epoch = @mine AND lease_owner IS NOT NULL
            RETURNING state, epochs_done, faults,
                set_config('idle_in_transaction_session_timeout', @patience, true)
            """,
            connection);
        command.Parameters.AddWithValue("patience", Patience);
        command.Parameters.AddWithValue("id", Run.RunId);
        command.Parameters.AddWithValue("mine", Run.LeaseEpoch);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            Interrupt(Interruption.LeaseLost);
            throw new LeaseLostException(Run.RunId, Run.LeaseEpoch);
        }

        var run = new FencedRun(EnumText.Parse<RunState>(reader.GetString(0)), reader.GetInt32(1), reader.GetInt32(2));
        Hear(run.State);
        return run;
    }

    /// <summary>
    /// Puts the lease's name on the caller's transaction, which is about to write bytes before the fence, so that a successor can end it.
    /// Needed when we freeze in a COPY: the server waits for the rest without limit, and a successor, whose bytes are the same, waits for us.
    /// </summary>
    /// <exception cref="LeaseLostException">The lease is lost already; training is told to stop.</exception>
    public async Task SignAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT set_config('application_name', @name, true) FROM runs WHERE id = @id AND lease_epoch = @mine AND lease_owner IS NOT NULL", connection);
        command.Parameters.AddWithValue("name", NamePrefix(Run.RunId) + Run.LeaseEpoch);
        command.Parameters.AddWithValue("id", Run.RunId);
        command.Parameters.AddWithValue("mine", Run.LeaseEpoch);
        if (await command.ExecuteScalarAsync(cancellationToken) is null)
        {
            Interrupt(Interruption.LeaseLost);
            throw new LeaseLostException(Run.RunId, Run.LeaseEpoch);
        }
    }

    /// <summary>Ends the transactions that earlier leases of a run have signed and left open.</summary>
    public static async Task EndPredecessorsAsync(NpgsqlConnection connection, Guid runId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE starts_with(application_name, @name) AND usename = current_user AND pid <> pg_backend_pid()
            """,
            connection);
        command.Parameters.AddWithValue("name", NamePrefix(runId));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // The event and the token source hold nothing worth freeing early, and a late doorbell may still reach them.
    public void Dispose()
    {
        lock (gate)
        {
            ended = true;
        }

        poke.Set();
        if (heart.IsAlive)
        {
            heart.Join();
        }
    }

    private static string NamePrefix(Guid runId) => $"run {runId} lease ";

    private void Beat()
    {
        NpgsqlConnection? connection = null;
        var wait = duration / 3;
        while (!ended)
        {
            poke.WaitOne(wait);
            if (ended)
            {
                break;
            }

            var asked = time.GetTimestamp();
            try
            {
                connection ??= dataSource.OpenConnection();
                Hear(Renew(connection));
                renewedAt = asked;
                wait = duration / 3;
            }
            catch (Exception fault) when (fault is DbException or IOException or TimeoutException)
            {
                connection?.Dispose();
                connection = null;
                logger.LogWarning("Run {Run}: the lease could not be renewed: {Fault}", Run.RunId, fault.Message);
                wait = TimeSpan.FromSeconds(Math.Min(1, duration.TotalSeconds / 10));
            }

            // Nobody may be asked: then our own clock, counted from before the last renewal that was answered, decides.
            if (time.GetElapsedTime(renewedAt) > duration)
            {
                logger.LogWarning("Run {Run}: the lease ran out while the database could not be reached", Run.RunId);
                Interrupt(Interruption.LeaseLost);
            }

            if (IsLost)
            {
                break;
            }
        }

        connection?.Dispose();
    }

    private void Hear(RunState? state)
    {
        switch (state)
        {
            case null:
                Interrupt(Interruption.LeaseLost);
                break;
            case RunState.Pausing or RunState.Stopping:
                Interrupt(Interruption.Command);
                break;
        }
    }

    private RunState? Renew(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(
            """
            UPDATE runs SET lease_expires_at = now() + @lease WHERE id = @id AND lease_epoch = @mine AND lease_owner IS NOT NULL
            RETURNING state
            """,
            connection);
        command.CommandTimeout = Math.Max(1, (int)(duration.TotalSeconds / 3));
        command.Parameters.AddWithValue("lease", duration);
        command.Parameters.AddWithValue("id", Run.RunId);
        command.Parameters.AddWithValue("mine", Run.LeaseEpoch);
        return command.ExecuteScalar() is string text ? EnumText.Parse<RunState>(text) : null;
    }
}
