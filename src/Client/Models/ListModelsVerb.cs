using System.CommandLine;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;

namespace SparseService.Client.Models;

/// <summary><c>sparse models list</c>.</summary>
internal sealed class ListModelsVerb : ClientVerb
{
    private readonly Option<int?> limit = Number("--limit", 1, "How many of the newest (20).");

    public ListModelsVerb()
        : base(
            "list", "Lists models, newest first.",
            "./sparse models list",
            "./sparse models list --json | jq '.items[] | [.name, .bytes]'") => Add(limit);

    protected override async Task<int> RunAsync(Call call, CancellationToken cancellationToken)
    {
        var rows = await Pages.ReadAsync(call.Client, "v1/models", "", call.Arguments.GetValue(limit) ?? 20, cancellationToken);
        return call.Show(rows, () =>
        {
            var table = new Table("model", "name", ">accuracy", ">connections", ">size", ">dense", ">features", ">outputs", "run");
            foreach (var row in rows.Items("items"))
            {
                table.Add(
                    Words.ShortId(row.Id()), Words.Fit(Words.Safe(row.Text("name") ?? ""), 30), Words.Share(row.Number("testAccuracy")),
                    Words.Count(row.Number("nnz")), Words.Bytes(row.Number("bytes")), Words.Bytes(row.Number("denseBytes")),
                    Words.Count(row.Number("features")), Words.Count(row.Number("outputs")), Words.ShortId(row.Id("runId")));
            }

            table.Write();
            Pages.SayWhetherMore(rows);
        });
    }
}
