using System.CommandLine;
using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;

namespace SparseService.Client.Runs;

/// <summary><c>sparse runs show RUN</c>.</summary>
internal sealed class ShowRunVerb : RunVerb
{
    private readonly Option<bool> spec = Flag("--spec", "Print the run's spec as it was posted: a file for `runs submit`.");

    public ShowRunVerb()
        : base(
            "show", "Shows how a run is doing.",
            "./sparse runs show glyphs",
            "./sparse runs show 019a1b2c-3d4e --json | jq .testAccuracy",
            "./sparse runs show glyphs --spec > again.json") => Add(spec);

    protected override async Task<int> RunAsync(Call call, JsonElement run, CancellationToken cancellationToken)
    {
        var id = run.Id();
        if (call.Arguments.GetValue(spec))
        {
            JsonLine.Write(await call.Client.GetAsync($"v1/runs/{id}/spec", cancellationToken));
            return ExitCode.Done;
        }

        var now = await call.Client.GetAsync($"v1/runs/{id}", cancellationToken);
        return call.Show(now, () => Print(now));
    }

    private static void Print(JsonElement run)
    {
        var facts = new Facts();
        facts.Add("run", run.Text("id"));
        facts.Add("name", run.Text("name"));
        facts.Add("labels", string.Join(", ", run.Find("labels")?.EnumerateObject().Select(label => $"{label.Name}={label.Value}") ?? []));
        facts.Add("state", run.Text("reason") is { } reason and not "none" ? $"{run.Text("state")} ({reason})" : run.Text("state"));
        facts.Add("message", run.Text("message"));
        facts.Add("epochs", $"{run.Whole("epochsDone")} of {run.Whole("epochsTotal")} ({run.Number("progress"):0 %})");
        facts.Add("time left", Words.Duration(run.Number("remainingSeconds")));
        facts.Add("loss", Words.Number(run.Number("loss")));
        facts.Add("test loss", Words.Number(run.Number("testLoss")));
        facts.Add("test accuracy", run.Number("testAccuracy") is { } accuracy
            ? $"{Words.Share(accuracy)} (best {Words.Share(run.Number("bestTestAccuracy"))})"
            : null);
        facts.Add("connections", run.Number("nnz") is { } nnz ? $"{Words.Count(nnz)}, density {Words.Share(run.Number("density"))}" : null);
        facts.Add("dataset", run.Text("datasetId"));
        facts.Add("checkpoint", run.Text("lastCheckpointId"));
        facts.Add("forked from", run.Text("forkedFromCheckpointId"));
        facts.Add("model", run.Text("modelId"));
        facts.Add("attempt", $"{run.Whole("attempt")}");
        facts.Add("created", Words.Instant(run.Instant("createdAt")));
        facts.Add("started", Words.Instant(run.Instant("startedAt")));
        facts.Add("finished", Words.Instant(run.Instant("finishedAt")));
        facts.Write();
    }
}
