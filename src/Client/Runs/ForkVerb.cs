using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparseService.Client.Connection;
using SparseService.Client.Verbs;

namespace SparseService.Client.Runs;

/// <summary><c>sparse runs fork RUN</c>.</summary>
internal sealed class ForkVerb : RunVerb
{
    private readonly Option<string?> checkpoint = Text("--checkpoint", "ID", "Which checkpoint of the run; without it the last one.");
    private readonly Option<int?> epochs = Number("--epochs", 1, "Epochs in all, those before the checkpoint included.");
    private readonly Option<string?> name = Text("--name", "NAME", "Of the new run.");

    public ForkVerb()
        : base(
            "fork", "Starts a new run from a checkpoint of another.",
            "./sparse runs fork glyphs --epochs 40 --name glyphs-longer") => Add(checkpoint, epochs, name);

    protected override async Task<int> RunAsync(Call call, JsonElement run, CancellationToken cancellationToken)
    {
        var from = call.Arguments.GetValue(checkpoint) ?? run.Text("lastCheckpointId")
            ?? throw new CliFault($"Run {run.Id()} has no checkpoint yet.", ExitCode.BadInput);
        if (!Guid.TryParse(from, out _))
        {
            throw new CliFault($"--checkpoint is {from}; allowed: the id of a checkpoint of the run", ExitCode.BadInput);
        }

        var body = new JsonObject { ["checkpointId"] = from };
        if (call.Arguments.GetValue(epochs) is { } number)
        {
            body["epochs"] = number;
        }

        if (call.Arguments.GetValue(name) is { } given)
        {
            body["name"] = given;
        }

        var fork = await call.Client.PostAsync($"v1/runs/{run.Id()}/fork", body, cancellationToken, Guid.NewGuid().ToString());
        return call.Show(fork, () => Console.WriteLine(
            $"Run {fork.Id()} is {fork.Text("state")}. Follow it with:\n  {CommandName.Current} runs watch {fork.Id()}"));
    }
}
