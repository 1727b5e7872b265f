namespace SparseService.Jobs.Hangfire;

/// <summary>A server of Hangfire, which ends as every background service does when the host has no patience left: without a word.</summary>
/// <remarks>
/// It hears of the end when the application does. A web server that drains its connections first may use up the time for both.
/// </remarks>
internal sealed class HangfireServer(JobStorage storage, BackgroundJobServerOptions options, IHostApplicationLifetime lifetime)
    : BackgroundJobServerHostedService(storage, options, [], lifetime), IHostedService
{
    async Task IHostedService.StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StopAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
    }
}
