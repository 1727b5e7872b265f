using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Watching;

/// <summary>How a run is followed to its end.</summary>
internal sealed record FollowOptions
{
    public required RunOutput Output { get; init; }

    public TimeSpan? Timeout { get; init; }

    /// <summary>A run that takes too long is cancelled, not only left alone.</summary>
    public bool CancelOnTimeout { get; init; }

    public IReadOnlyList<Requirement> Requirements { get; init; } = [];

    /// <summary>The verb that comes back to the run.</summary>
    public string Verb { get; init; } = "watch";
}

/// <summary>Follows a run to its end and says with which exit code the process ends.</summary>
internal sealed class RunFollower(ServiceClient client, FollowOptions options)
{
    /// <param name="run">As the service described it.</param>
    /// <param name="cancellationToken">Ctrl-C: the run goes on.</param>
    /// <returns>The exit code, and the run as it is at its end; null when it has not ended.</returns>
    public async Task<(int ExitCode, JsonElement? Run)> FollowAsync(JsonElement run, CancellationToken cancellationToken)
    {
        var id = run.Id();
        var watched = new WatchedRun(run);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (options.Timeout is { } timeout)
        {
            limit.CancelAfter(timeout);
        }

        try
        {
            await options.Output.OpenAsync(watched, () => WatchAsync(watched, limit.Token));
            var end = await client.GetAsync($"v1/runs/{id}", limit.Token);
            var results = await CheckAsync(end, limit.Token);
            var code = CodeOf(end, results);
            options.Output.End(end, results, code);
            return (code, end);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Console.Error.WriteLine($"The run goes on. To come back:\n  {ComeBack(id)}");
            return (ExitCode.Interrupted, null);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            await SayTimedOutAsync(id, cancellationToken);
            return (ExitCode.TimedOut, null);
        }
    }

    private async Task WatchAsync(WatchedRun watched, CancellationToken cancellationToken)
    {
        await foreach (var item in new RunFeed(client, watched.Id).FollowAsync(0, cancellationToken))
        {
            lock (watched)
            {
                watched.Apply(item);
            }

            options.Output.Show(watched, item);
        }
    }

    private async Task<IReadOnlyList<RequirementResult>> CheckAsync(JsonElement run, CancellationToken cancellationToken)
    {
        var results = new List<RequirementResult>();
        foreach (var requirement in run.Text("state") == "succeeded" ? options.Requirements : [])
        {
            results.Add(await requirement.CheckAsync(run, client, cancellationToken));
        }

        return results;
    }

    private static int CodeOf(JsonElement run, IReadOnlyList<RequirementResult> results) => run.Text("state") switch
    {
        "succeeded" => results.All(result => result.IsMet) ? ExitCode.Done : ExitCode.RequirementMissed,
        "cancelled" => ExitCode.Cancelled,
        _ => ExitCode.Failed,
    };

    private async Task SayTimedOutAsync(Guid id, CancellationToken cancellationToken)
    {
        var time = Words.Duration(options.Timeout!.Value.TotalSeconds);
        if (options.CancelOnTimeout)
        {
            await client.PostAsync($"v1/runs/{id}/cancel", null, cancellationToken);
            Console.Error.WriteLine($"Timed out after {time}; the run is being cancelled, its last checkpoint stays.");
            return;
        }

        Console.Error.WriteLine($"Timed out after {time}; the run goes on. To come back:\n  {ComeBack(id)}");
    }

    private string ComeBack(Guid id) => $"{CommandName.Current} runs {options.Verb} {id}";
}
