using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;
using SparseService.Client.Watching;

namespace SparseService.Client.Runs;

/// <summary><c>sparse runs wait RUN</c>: for scripts; the exit code says how the run ended.</summary>
internal sealed class WaitVerb : RunVerb
{
    private readonly FollowArguments follow = new();

    public WaitVerb()
        : base(
            "wait", "Waits for a run to end; the exit code says how it did.",
            "./sparse runs wait glyphs --timeout 30m",
            "./sparse runs wait glyphs --require \"test_accuracy>=0.85\" --require \"model_bytes<=1000000\"") => Add(follow.Options);

    /// <summary>The end of a run, once on standard output.</summary>
    public static async Task<int> FollowAsync(Call call, JsonElement run, FollowArguments follow, CancellationToken cancellationToken)
    {
        var options = follow.Read(call.Arguments, RunOutput.OfWait(), "wait");
        var (code, end) = await new RunFollower(call.Client, options).FollowAsync(run, cancellationToken);
        if (end is { } last)
        {
            call.Show(last, () => Console.WriteLine(
                $"Run {last.Id()} {last.Text("state")} after {last.Whole("epochsDone")} of {last.Whole("epochsTotal")} epochs; "
                + $"test accuracy {Words.Share(last.Number("testAccuracy"))}, {Words.Count(last.Number("nnz"))} connections."));
        }

        return code;
    }

    protected override Task<int> RunAsync(Call call, JsonElement run, CancellationToken cancellationToken) =>
        FollowAsync(call, run, follow, cancellationToken);
}
