using System.CommandLine;
using System.Text.Json;
using SparseService.Client.Verbs;
using SparseService.Client.Watching;

namespace SparseService.Client.Runs;

/// <summary><c>sparse runs watch RUN</c>: live curves in the terminal; lines where nobody draws.</summary>
internal sealed class WatchVerb : RunVerb
{
    private readonly FollowArguments follow = new();
    private readonly Option<bool> plain = Flag("--plain", "Lines instead of curves, also on a terminal.");

    public WatchVerb()
        : base(
            "watch", "Shows a run live until it ends; Ctrl-C leaves it alone. --json prints one object a line.",
            "./sparse runs watch glyphs",
            "./sparse runs watch glyphs --plain | tee glyphs.log",
            "./sparse runs watch glyphs --json | jq 'select(.kind == \"epoch\") | .payload.loss'")
    {
        Add(plain);
        Add(follow.Options);
    }

    protected override async Task<int> RunAsync(Call call, JsonElement run, CancellationToken cancellationToken)
    {
        var output = RunOutput.OfWatch(call.Json, call.Arguments.GetValue(plain));
        var follower = new RunFollower(call.Client, follow.Read(call.Arguments, output, "watch"));
        return (await follower.FollowAsync(run, cancellationToken)).ExitCode;
    }
}
