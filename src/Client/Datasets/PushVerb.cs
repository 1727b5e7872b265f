using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;
using SparseService.Engine.Data;

namespace SparseService.Client.Datasets;

/// <summary><c>sparse datasets push PATH…</c>.</summary>
internal sealed class PushVerb : ClientVerb
{
    private readonly Argument<string[]> paths = new("PATH")
    {
        Description = "A folder with a known layout, a file, two files (train, test), or ROLE=FILE with the roles of POST /v1/datasets.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> name = Text("--name", "NAME", "Of the dataset; without it the name of the folder or file.");
    private readonly Option<string?> format = Text(
        "--format", "FORMAT", "idx, csv, libSvm, npy, npz or matrix; without it by the names of the files.");
    private readonly Option<string?> label = Text(
        "--label-column", "COLUMN", "CSV: name or number (from 1) of the label's column; without it the last.");
    private readonly Option<bool> regression = Flag("--regression", "Labels are numbers to predict, not classes.");
    private readonly Option<int?> parallel = Number("--parallel", 1, "Parts that are sent at a time (4).");

    public PushVerb()
        : base(
            "push", "Uploads files as a dataset; the same call again goes on where the last one was cut off.",
            "./sparse datasets push fashion/ --name fashion-mnist",
            "./sparse datasets push train.csv test.csv --name churn --label-column churned",
            "./sparse datasets push trainSamples=x.npy trainLabels=y.npy --format npy --name mine")
    {
        Arguments.Add(paths);
        Add(name, format, label, regression, parallel);
        AllowOnly(format, [.. Enum.GetNames<DatasetFormat>().Select(JsonNamingPolicy.CamelCase.ConvertName)]);
    }

    protected override async Task<int> RunAsync(Call call, CancellationToken cancellationToken)
    {
        var given = call.Arguments.GetRequiredValue(paths);
        var (detected, files) = PushedFiles.Read(given, call.Arguments.GetValue(format));
        var title = call.Arguments.GetValue(name) ?? PushedFiles.NameOf(given[0]);
        var ids = new JsonObject();
        foreach (var (role, path) in files)
        {
            var upload = new FileUpload(call.Client, call.Arguments.GetValue(parallel) ?? 4);
            ids[role] = (await upload.SendAsync(path, cancellationToken)).ToString();
        }

        var body = new JsonObject { ["name"] = title, ["format"] = detected, ["files"] = ids };
        if (call.Arguments.GetValue(label) is { } column)
        {
            body["labelColumn"] = column;
        }

        if (call.Arguments.GetValue(regression))
        {
            body["regression"] = true;
        }

        Console.Error.WriteLine("The service reads the files …");
        var dataset = await call.Client.PostAsync("v1/datasets", body, cancellationToken);
        return call.Show(dataset, () =>
        {
            ShowDatasetVerb.Print(dataset);
            Console.WriteLine($"Train on it with:\n  {CommandName.Current} runs submit SPEC --dataset {dataset.Text("name")}");
        });
    }
}
