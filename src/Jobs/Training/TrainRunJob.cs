using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using SparseService.Jobs.Events;
using SparseService.Jobs.Hosting;
using SparseService.Jobs.Queue;
using SparseService.Persistence;
using SparseService.Persistence.Blobs;
using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Training;

/// <summary>Trains one run from its last checkpoint to its last epoch.</summary>
/// <remarks>May be started twice, paused for an hour, or die anywhere: every write is fenced by the lease, and no epoch is recorded twice.</remarks>
public sealed class TrainRunJob(
    NpgsqlDataSource dataSource,
    IDbContextFactory<SparseDbContext> databases,
    RunQueue queue,
    BlobStore blobs,
    DatasetCache datasets,
    LiveLeases leases,
    WorkerIdentity identity,
    IOptions<WorkerOptions> options,
    TimeProvider time,
    ILogger<TrainRunJob> logger)
{
    private readonly WorkerOptions settings = options.Value;

    private string SpoolFolder => Path.Combine(settings.CachePath, "spool");

    /// <summary>Claims the run and works on it, if it is there to be taken.</summary>
    /// <param name="stopping">Cancelled when the process has to end: the run is checkpointed and goes back to the queue.</param>
    public async Task<RunOutcome> ExecuteAsync(Guid runId, CancellationToken stopping) =>
        await queue.ClaimAsync(identity.Name, runId, stopping) is { } claimed
            ? await ExecuteAsync(claimed, stopping)
            : RunOutcome.NotClaimed;

    /// <summary>Works on a run that was claimed.</summary>
    public async Task<RunOutcome> ExecuteAsync(ClaimedRun claimed, CancellationToken stopping)
    {
        using var lease = new RunLease(dataSource, claimed, settings.Lease, time, logger);
        using var live = leases.Add(lease);
        using var patience = new CancellationTokenSource();
        await using var stop = stopping.Register(() =>
        {
            lease.Interrupt(Interruption.Shutdown);
            patience.CancelAfter(settings.Shutdown);
        });
        lease.Start();
        try
        {
            return await TrainAsync(lease, patience.Token);
        }
        catch (Exception fault)
        {
            return await SettleFaultAsync(lease, fault, patience.Token);
        }
    }

    private async Task<RunOutcome> TrainAsync(RunLease lease, CancellationToken patience)
    {
        try
        {
            using var session = await OpenAsync(lease);
            await MarkRunningAsync(lease, identity.EnvironmentOf(session.BackendName, session.Threads), lease.Interrupted);
            var run = await LoadAsync(lease.Run.RunId, lease.Interrupted);
            var recordedStep = await RecordedStepAsync(run.Id, lease.Interrupted);
            var recorder = new RunRecorder(new EpochWriter(dataSource, lease, run), lease, settings.SpoolEpochs, logger);
            bool finished;
            try
            {
                await using var steps = new StepFeed(dataSource, lease, recordedStep, logger);
                finished = await session.TrainAsync(recorder, steps, lease, SpoolFolder, patience);
            }
            finally
            {
                // Also after a fault: what was trained before it is worth keeping, and nothing may be written after this method.
                await recorder.CompleteAsync(patience);
            }

            return finished
                ? RunOutcome.Succeeded
                : await EndEarlyAsync(lease, session.DraftInterruption(SpoolFolder), run.Spec.Training.Checkpoints.Keep, patience);
        }
        catch (OperationCanceledException) when (lease.Why is Interruption.Command or Interruption.Shutdown && !patience.IsCancellationRequested)
        {
            return await EndEarlyAsync(lease, null, 1, patience);
        }
    }

    private async Task<TrainingSession> OpenAsync(RunLease lease)
    {
        var run = await LoadAsync(lease.Run.RunId, lease.Interrupted);
        string hash;
        long bytes;
        await using (var db = await databases.CreateDbContextAsync(lease.Interrupted))
        {
            (hash, bytes) = await db.Datasets.Where(d => d.Id == run.DatasetId)
                .Select(d => new ValueTuple<string, long>(d.ContentHash, d.Bytes)).SingleAsync(lease.Interrupted);
        }

        var hold = await datasets.HoldAsync(hash, bytes, lease.Interrupted);
        await using var checkpoint = await new CheckpointReader(databases, blobs, logger).OpenNewestAsync(run.Id, SpoolFolder, lease.Interrupted);
        return TrainingSession.Open(hold, run, checkpoint, settings);
    }

    private async Task<TrainingRun> LoadAsync(Guid runId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Runs.AsNoTracking().SingleAsync(run => run.Id == runId, cancellationToken);
    }

    private async Task<long> RecordedStepAsync(Guid runId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.RunMetrics.Where(metric => metric.RunId == runId && metric.Series == StepBuckets.Series)
            .MaxAsync(metric => (long?)metric.Step, cancellationToken) ?? 0;
    }

    private Task MarkRunningAsync(RunLease lease, RunEnvironment environment, CancellationToken cancellationToken) => InFencedTransactionAsync(
        lease,
        async (connection, run, token) =>
        {
            // A command may have come in between; the fence has heard it.
            if (run.State == RunState.Starting)
            {
                await RunEventLog.ChangeStateAsync(connection, lease.Run.RunId, RunState.Running, RunReason.None, null, token, environment);
            }
        },
        cancellationToken);

    private async Task<RunOutcome> EndEarlyAsync(RunLease lease, CheckpointDraft? draft, int keep, CancellationToken cancellationToken)
    {
        if (lease.IsLost)
        {
            throw new LeaseLostException(lease.Run.RunId, lease.Run.LeaseEpoch);
        }

        using var bytes = draft?.Bytes;
        var outcome = RunOutcome.Requeued;
        await RunRecorder.PersistAsync(WriteAsync, lease, logger, cancellationToken);
        return outcome;

        async Task WriteAsync(CancellationToken token)
        {
            await using var connection = await dataSource.OpenConnectionAsync(token);
            await using var transaction = await connection.BeginTransactionAsync(token);
            await lease.SignAsync(connection, token);
            var blob = draft is null ? default : await BlobStore.WriteAsync(connection, draft.Bytes, token);
            var run = await lease.FenceAsync(connection, token);
            if (draft is not null)
            {
                await CheckpointWriter.PublishAsync(connection, lease.Run.RunId, draft, blob, keep, token);
            }

            outcome = await ReleaseAsync(connection, lease.Run.RunId, run.State, token);
            await transaction.CommitAsync(token);
        }
    }

    private static async Task<RunOutcome> ReleaseAsync(NpgsqlConnection connection, Guid runId, RunState wanted, CancellationToken cancellationToken)
    {
        var (state, reason, message, outcome) = wanted switch
        {
            RunState.Pausing => (RunState.Paused, RunReason.User, (string?)null, RunOutcome.Paused),
            RunState.Stopping => (RunState.Cancelled, RunReason.User, null, RunOutcome.Cancelled),
            _ => (RunState.Queued, RunReason.None, "Its worker was shut down; another one goes on from the checkpoint", RunOutcome.Requeued),
        };
        await RunEventLog.ChangeStateAsync(connection, runId, state, reason, message, cancellationToken);
        if (state == RunState.Queued)
        {
            await RunEventLog.NotifyAsync(connection, Channels.RunsQueued, runId.ToString(), cancellationToken);
        }

        return outcome;
    }

    private async Task<RunOutcome> SettleFaultAsync(RunLease lease, Exception fault, CancellationToken patience)
    {
        if (fault is LeaseLostException || lease.IsLost)
        {
            logger.LogWarning("Run {Run}: lease {Lease} is lost; stopped", lease.Run.RunId, lease.Run.LeaseEpoch);
            return RunOutcome.LeaseLost;
        }

        if (fault is OperationCanceledException)
        {
            logger.LogError("Run {Run}: not released within {Seconds} s; its lease will run out", lease.Run.RunId, settings.ShutdownSeconds);
            return RunOutcome.LeaseLost;
        }

        logger.LogError(fault, "Run {Run}: attempt {Attempt} failed", lease.Run.RunId, lease.Run.Attempt);
        var outcome = RunOutcome.Failed;
        try
        {
            await InFencedTransactionAsync(
                lease, async (connection, run, token) => outcome = await WriteFaultAsync(connection, lease.Run, run, fault, token), patience);
            return outcome;
        }
        catch (Exception second) when (second is LeaseLostException or OperationCanceledException)
        {
            return RunOutcome.LeaseLost;
        }
    }

    private async Task<RunOutcome> WriteFaultAsync(
        NpgsqlConnection connection, ClaimedRun claimed, FencedRun run, Exception fault, CancellationToken cancellationToken)
    {
        if (run.State is RunState.Pausing or RunState.Stopping)
        {
            return await ReleaseAsync(connection, claimed.RunId, run.State, cancellationToken);
        }

        var (reason, retry, message) = FaultPolicy.Judge(fault, claimed with { Faults = run.Faults }, settings.MaxFaults);
        await using (var count = new NpgsqlCommand("UPDATE runs SET faults = faults + 1, not_before = now() + @wait WHERE id = @id", connection))
        {
            count.Parameters.AddWithValue("id", claimed.RunId);
            count.Parameters.AddWithValue("wait", NpgsqlDbType.Interval, retry ? settings.RetryAfter(run.Faults + 1) : TimeSpan.Zero);
            await count.ExecuteNonQueryAsync(cancellationToken);
        }

        await RunEventLog.ChangeStateAsync(connection, claimed.RunId, retry ? RunState.Queued : RunState.Failed, reason, message, cancellationToken);
        return retry ? RunOutcome.Requeued : RunOutcome.Failed;
    }

    private Task InFencedTransactionAsync(
        RunLease lease, Func<NpgsqlConnection, FencedRun, CancellationToken, Task> write, CancellationToken cancellationToken) => RunRecorder.PersistAsync(
        async token =>
        {
            await using var connection = await dataSource.OpenConnectionAsync(token);
            await using var transaction = await connection.BeginTransactionAsync(token);
            var run = await lease.FenceAsync(connection, token);
            await write(connection, run, token);
            await transaction.CommitAsync(token);
        },
        lease,
        logger,
        cancellationToken);
}
