using System.Data.Common;
using Hangfire.States;

namespace SparseService.Jobs.Hangfire;

/// <summary>Enqueues the ids of runs for the servers that can train them.</summary>
internal sealed class RunDoorbell(RunQueue runs, JobStorage storage, IBackgroundJobClientV2 client, ILogger<RunDoorbell> logger)
    : IRunDoorbell
{
    public async Task RingAsync(Guid runId)
    {
        try
        {
            if (await runs.FindAsync(runId) is var (backend, wait))
            {
                var queue = QueueFor(backend);
                IState state = wait > TimeSpan.Zero ? new ScheduledState(wait) : new EnqueuedState(queue);
                client.Create<RunDelivery>(queue, delivery => delivery.ExecuteAsync(runId, null!, CancellationToken.None), state);
            }
        }
        catch (Exception fault) when (fault is DbException or TimeoutException or BackgroundJobClientException)
        {
            logger.LogWarning("Run {Run} was not enqueued, the sweep will: {Fault}", runId, fault.Message);
        }
    }

    // Without a node for devices any other one takes the run, and says what it lacks, rather than letting it wait for ever.
    private string QueueFor(string? backend) =>
        QueueNames.For(backend) is var queue && queue == QueueNames.Gpu
            && !storage.GetMonitoringApi().Servers().Any(server => server.Queues.Contains(queue))
            ? QueueNames.Cpu
            : queue;
}
