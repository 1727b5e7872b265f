using Hangfire.Server;
using Hangfire.States;
using SparseService.Jobs.Training;

namespace SparseService.Jobs.Hangfire;

/// <summary>What Hangfire runs when it delivers a run's id: look whether the run is there to be taken, and train it.</summary>
/// <remarks>
/// May come twice, late or never: the lease in the runs table decides. Retries are the run's own, so Hangfire's are off, and a delivery
/// that failed before it had a run is forgotten, as the sweep rings again.
/// </remarks>
[AutomaticRetry(Attempts = 0, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
public sealed class RunDelivery(
    TrainRunJob job, RunCommands commands, IRunDoorbell doorbell, IHostApplicationLifetime lifetime, ILogger<RunDelivery> logger)
{
    /// <param name="delivery">Given by Hangfire.</param>
    /// <param name="cancelled">Hangfire's token.</param>
    /// <returns>The outcome, for people who look at Hangfire's pages.</returns>
    [JobDisplayName("Run {0}")]
    public async Task<string> ExecuteAsync(Guid runId, PerformContext delivery, CancellationToken cancelled)
    {
        // The host's own word comes first: Hangfire's servers are stopped one after the other.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
        var work = job.ExecuteAsync(runId, stopping.Token);
        await ((Task)work).WaitAsync(cancelled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            if (!work.IsCompleted)
            {
                await HearAsync(runId, delivery, stopping);
            }
        }
        finally
        {
            await work; // Whatever happens here, nobody may take the slot while the run is trained in it.
        }

        var outcome = await work;
        logger.LogInformation("Run {Run}, delivery {Delivery}: {Outcome}", runId, delivery.BackgroundJob.Id, outcome);
        if (outcome == RunOutcome.Requeued)
        {
            await doorbell.RingAsync(runId);
        }

        return outcome.ToString();
    }

    // Hangfire's token says one of three things.
    private async Task HearAsync(Guid runId, PerformContext delivery, CancellationTokenSource stopping)
    {
        var id = delivery.BackgroundJob.Id;
        try
        {
            delivery.CancellationToken.ThrowIfCancellationRequested();
        }
        catch (JobAbortedException)
        {
            if (delivery.Connection.GetStateData(id)?.Name == DeletedState.StateName)
            {
                await commands.CancelAsync(runId);
                return;
            }

            // Whoever has the id now finds the run leased: the lease decides, and it is here.
            logger.LogInformation("Run {Run}, delivery {Delivery} was delivered once more; training goes on", runId, id);
        }
        catch (OperationCanceledException)
        {
            await stopping.CancelAsync(); // The server stops.
        }
    }
}
