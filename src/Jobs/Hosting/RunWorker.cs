using System.Data.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SparseService.Jobs.Queue;
using SparseService.Jobs.Training;

namespace SparseService.Jobs.Hosting;

/// <summary>The built-in queue: takes runs from the table and trains them, as many at a time as the worker has slots.</summary>
public sealed class RunWorker(
    RunQueue queue,
    TrainRunJob job,
    WorkerPresence presence,
    WorkerIdentity identity,
    IOptions<WorkerOptions> options,
    IHostApplicationLifetime lifetime,
    ILogger<RunWorker> logger) : BackgroundService
{
    private readonly WorkerOptions settings = options.Value;
    private readonly SemaphoreSlim doorbell = new(0);

    public override void Dispose()
    {
        doorbell.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host stops its services one after the other, and a web server first drains its connections: runs must not wait for that.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        presence.Rung += Ring;
        await Task.WhenAll(Enumerable.Range(0, settings.Slots).Select(_ => RunSlotAsync(stopping.Token)));
        presence.Rung -= Ring;
    }

    private void Ring(int times) => doorbell.Release(times);

    private async Task RunSlotAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await queue.ClaimAsync(identity.Name, cancellationToken: stoppingToken) is { } claimed)
                {
                    var outcome = await job.ExecuteAsync(claimed, stoppingToken);
                    logger.LogInformation("Run {Run}, attempt {Attempt}: {Outcome}", claimed.RunId, claimed.Attempt, outcome);
                    continue;
                }
            }
            catch (Exception fault) when (fault is DbException or TimeoutException)
            {
                logger.LogWarning("The queue cannot be read: {Fault}", fault.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await doorbell.WaitAsync(TimeSpan.FromSeconds(settings.PollSeconds), stoppingToken).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }
}
