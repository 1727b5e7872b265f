namespace SparseService.Jobs.Hangfire;

/// <summary>The recurring jobs that make up for what got lost, and remove what nobody needs.</summary>
[AutomaticRetry(Attempts = 0, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
public sealed class QueueSweep(RunQueue queue, IRunDoorbell doorbell, JobStorage storage, JobSweeper sweeper)
{
    private const int MostRings = 1000;

    /// <summary>
    /// Rings for runs that could be claimed and that no server is going to be told of: created by a process that died before it enqueued
    /// them, or left by a worker whose lease has run out.
    /// </summary>
    public async Task RingAsync(CancellationToken cancellationToken)
    {
        var due = await queue.DueAsync(MostRings, cancellationToken);
        if (due.Count == 0)
        {
            return;
        }

        foreach (var runId in due.Except(Enqueued()).ToList())
        {
            await doorbell.RingAsync(runId);
        }
    }

    /// <summary>Removes expired uploads, forgotten workers and bytes without an owner.</summary>
    public Task RetainAsync(CancellationToken cancellationToken) => sweeper.SweepAsync(cancellationToken);

    private HashSet<Guid> Enqueued()
    {
        var queues = storage.GetMonitoringApi();
        return
        [
            .. QueueNames.OfRuns.SelectMany(name => queues.EnqueuedJobs(name, 0, (int)queues.EnqueuedCount(name)))
                .Select(entry => entry.Value?.Job?.Args[0]).OfType<Guid>(),
        ];
    }
}
