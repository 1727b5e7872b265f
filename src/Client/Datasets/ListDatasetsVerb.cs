using System.CommandLine;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;

namespace SparseService.Client.Datasets;

/// <summary><c>sparse datasets list</c>.</summary>
internal sealed class ListDatasetsVerb : ClientVerb
{
    private readonly Option<string?> name = Text("--name", "TEXT", "Part of the name.");
    private readonly Option<int?> limit = Number("--limit", 1, "How many of the newest (20).");

    public ListDatasetsVerb()
        : base(
            "list", "Lists datasets, newest first.",
            "./sparse datasets list",
            "./sparse datasets list --json | jq -r '.items[].name'") => Add(name, limit);

    protected override async Task<int> RunAsync(Call call, CancellationToken cancellationToken)
    {
        var filter = Query.Of([("name", call.Arguments.GetValue(name))]);
        var rows = await Pages.ReadAsync(
            call.Client, "v1/datasets", filter, call.Arguments.GetValue(limit) ?? 20, cancellationToken);
        return call.Show(rows, () =>
        {
            var table = new Table("dataset", "name", ">version", ">train", ">test", ">features", ">classes", ">size", "created");
            foreach (var row in rows.Items("items"))
            {
                table.Add(
                    Words.ShortId(row.Id()), Words.Fit(Words.Safe(row.Text("name") ?? ""), 30), $"{row.Whole("version")}",
                    Words.Count(row.Number("trainRows")), Words.Count(row.Number("testRows")), Words.Count(row.Number("features")),
                    $"{row.Whole("classes")}", Words.Bytes(row.Number("bytes")), Words.Instant(row.Instant("createdAt")));
            }

            table.Write();
            Pages.SayWhetherMore(rows);
        });
    }
}
