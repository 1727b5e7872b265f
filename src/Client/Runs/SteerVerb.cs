using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;

namespace SparseService.Client.Runs;

/// <summary><c>sparse runs cancel|pause|resume RUN</c>.</summary>
internal sealed class SteerVerb : RunVerb
{
    private readonly string command;

    private SteerVerb(string command, string description, params string[] examples)
        : base(command, description, examples) => this.command = command;

    public static SteerVerb Cancel() =>
        new("cancel", "Stops a run for good; its last checkpoint stays.", "./sparse runs cancel glyphs");

    public static SteerVerb Pause() =>
        new("pause", "Stops a run after a checkpoint, to go on later.", "./sparse runs pause glyphs");

    public static SteerVerb Resume() => new(
        "resume", "Goes on with a paused run, or with a failed or cancelled one that has a checkpoint.", "./sparse runs resume glyphs");

    protected override async Task<int> RunAsync(Call call, JsonElement run, CancellationToken cancellationToken)
    {
        var answer = await call.Client.PostAsync($"v1/runs/{run.Id()}/{command}", null, cancellationToken);
        return call.Show(answer, () => Console.WriteLine($"Run {run.Id()} is {answer.Text("state")}."));
    }
}
