using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;

namespace SparseService.Client.Runs;

/// <summary><c>sparse runs list</c>.</summary>
internal sealed class ListRunsVerb : ClientVerb
{
    private readonly Option<string?> state = Text("--state", "STATE,…", "queued, running, paused, succeeded, failed, cancelled …");
    private readonly Option<string?> name = Text("--name", "TEXT", "Part of the name.");
    private readonly Option<string[]> label = new("--label")
    {
        Description = "Only runs with this label; may be repeated.",
        HelpName = "KEY=VALUE",
    };
    private readonly Option<int?> limit = Number("--limit", 1, "How many of the newest (20).");

    public ListRunsVerb()
        : base(
            "list", "Lists runs, newest first.",
            "./sparse runs list",
            "./sparse runs list --state queued,running --label team=vision",
            "./sparse runs list --limit 500 --json | jq '.items[] | [.name, .testAccuracy]'") => Add(state, name, label, limit);

    protected override async Task<int> RunAsync(Call call, CancellationToken cancellationToken)
    {
        var filter = Query.Of(
            [("state", call.Arguments.GetValue(state)), ("name", call.Arguments.GetValue(name))],
            (call.Arguments.GetValue(label) ?? []).Select(pair => ("label", (string?)pair)));
        var rows = await Pages.ReadAsync(call.Client, "v1/runs", filter, call.Arguments.GetValue(limit) ?? 20, cancellationToken);
        return call.Show(rows, () =>
        {
            var table = new Table("run", "name", "state", ">epoch", ">loss", ">accuracy", ">density", ">connections", "created");
            foreach (var run in rows.Items("items"))
            {
                table.Add(
                    Terminal.OfState(run.Text("state")), Words.ShortId(run.Id()), Words.Fit(Words.Safe(run.Text("name") ?? ""), 30),
                    run.Text("state") ?? "", $"{run.Whole("epochsDone")}/{run.Whole("epochsTotal")}", Words.Number(Rounded(run, "loss")),
                    Words.Share(run.Number("testAccuracy")), Words.Share(run.Number("density")), Words.Count(run.Number("nnz")),
                    Words.Instant(run.Instant("createdAt")));
            }

            table.Write();
            Pages.SayWhetherMore(rows);
        });
    }

    private static double? Rounded(JsonElement run, string name) => run.Number(name) is { } value ? Math.Round(value, 4) : null;
}
