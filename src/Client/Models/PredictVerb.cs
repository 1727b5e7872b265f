using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;

namespace SparseService.Client.Models;

/// <summary><c>sparse models predict MODEL [FILE]</c>.</summary>
internal sealed class PredictVerb : ModelVerb
{
    private const int BatchBytes = 8 << 20;
    private const int BatchRows = 10_000;
    private const int BatchOutputs = 1 << 20;

    private readonly Argument<string?> file = new("FILE")
    {
        Description = "CSV or JSON ([[…], …] or {\"rows\": [[…], …]}); - is standard input, which is also read when something is piped in.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> drop = Text(
        "--drop", "COLUMN", "CSV: leaves out a column (name, or number from 1), such as the label's.");
    private readonly Option<string?> dataset = Text(
        "--dataset", "DATASET", "Predict the first rows of this one, with the truth beside; without FILE, of the one it was trained on.");
    private readonly Option<int?> rows = Number("--rows", 1, "How many rows of the dataset (5).");

    private readonly Option<string?> stream = Text(
        "--file", "ROWS",
        "A file of any length (- is standard input), NDJSON ([…] on each line) or CSV: a line of JSON for each row, as it goes.");

    public PredictVerb()
        : base(
            "predict", "Asks a model about rows of features, as they came from the source (not normalised).",
            "./sparse models predict glyphs --rows 10",
            "./sparse models predict churn customers.csv --drop churned",
            "echo '[[5.1, 3.5, 1.4, 0.2]]' | ./sparse models predict iris --json",
            "zcat rows.ndjson.gz | ./sparse models predict iris --file - > predictions.ndjson")
    {
        Arguments.Add(file);
        Add(stream, drop, dataset, rows);
        AddRule(result =>
        {
            if ((result.GetValue(dataset) is not null || result.GetValue(rows) is not null)
                && (result.GetValue(file) is not null || result.GetValue(drop) is not null))
            {
                result.AddError("--dataset and --rows bring their own rows; FILE and --drop are not allowed with them.");
            }

            if (result.GetValue(stream) is not null
                && (result.GetValue(dataset) is not null || result.GetValue(rows) is not null || result.GetValue(file) is not null))
            {
                result.AddError("--file brings the rows; FILE, --dataset and --rows are not allowed with it.");
            }
        });
    }

    protected override async Task<int> RunAsync(Call call, JsonElement model, CancellationToken cancellationToken)
    {
        var features = (int)(model.Whole("features") ?? 0);
        if (call.Arguments.GetValue(stream) is { } source)
        {
            return await StreamAsync(call, model, source, features, cancellationToken);
        }

        var (samples, truths) = await DatasetAsync(call, model, cancellationToken) is { } found
            ? await FirstRowsAsync(call, found, features, cancellationToken)
            : (await PredictInput.ReadAsync(
                call.Arguments.GetValue(file) ?? "-", call.Arguments.GetValue(drop), features, cancellationToken), null);
        var answer = await AskAsync(call.Client, model, samples, features, cancellationToken);
        return call.Show(answer, () => Print(answer, truths));
    }

    private async Task<int> StreamAsync(Call call, JsonElement model, string source, int features, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = new RowFile(
                source == "-" ? Console.OpenStandardInput() : File.OpenRead(source), call.Arguments.GetValue(drop), features);
            var predicting = new PredictStream(
                (int)Math.Max(1, model.Whole("outputs") ?? 1), RowsAtATime(model, features),
                (samples, token) => AskAsync(call.Client, model, samples, features, token));
            return await predicting.RunAsync(file, cancellationToken) > 0
                ? ExitCode.Done
                : throw new CliFault($"--file is {source}, which has no rows; allowed: at least one", ExitCode.BadInput);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CliFault($"--file is {source}, which cannot be read, or the output not written: {fault.Message}", ExitCode.BadInput);
        }
    }

    private static int RowsAtATime(JsonElement model, int features)
    {
        var outputs = (int)Math.Max(1, model.Whole("outputs") ?? 1);
        return Math.Max(1, Math.Min(BatchRows, Math.Min(BatchBytes / (features * sizeof(float)), BatchOutputs / outputs)));
    }

    // Null when the user brings rows: nobody types them at a prompt.
    private async Task<JsonElement?> DatasetAsync(Call call, JsonElement model, CancellationToken cancellationToken)
    {
        var arguments = call.Arguments;
        if (arguments.GetValue(dataset) is { } word)
        {
            return await new Lookup(call.Client).DatasetAsync(word, cancellationToken);
        }

        if (arguments.GetValue(rows) is null && (arguments.GetValue(file) is not null || Console.IsInputRedirected))
        {
            return null;
        }

        var run = await call.Client.GetAsync($"v1/runs/{model.Id("runId")}", cancellationToken);
        return await call.Client.GetAsync($"v1/datasets/{run.Id("datasetId")}", cancellationToken);
    }

    private async Task<(float[] Samples, IReadOnlyList<string>? Truths)> FirstRowsAsync(
        Call call, JsonElement found, int features, CancellationToken cancellationToken)
    {
        if (found.Whole("features") != features)
        {
            throw new CliFault(
                $"Dataset {Words.Safe(found.Text("name") ?? "")} has {found.Whole("features")} features; the model takes {features}.",
                ExitCode.BadInput);
        }

        var preview = await call.Client.GetAsync(
            $"v1/datasets/{found.Id()}/preview?rows={call.Arguments.GetValue(rows) ?? 5}", cancellationToken);
        var shown = preview.Items("rows");
        return (
            [.. shown.SelectMany(row => row.Items("features")).Select(value => value.GetSingle())],
            [.. shown.Select(row => row.Text("label") ?? "")]);
    }

    // In pieces that the service takes; their answers become one.
    private static async Task<JsonElement> AskAsync(
        ServiceClient client, JsonElement model, float[] samples, int features, CancellationToken cancellationToken)
    {
        var batch = RowsAtATime(model, features);
        var merged = new JsonObject();
        for (var row = 0; row * features < samples.Length; row += batch)
        {
            var count = Math.Min(batch, (samples.Length / features) - row);
            var body = MemoryMarshal.AsBytes(samples.AsSpan(row * features, count * features)).ToArray();
            var answer = await client.PostAsync($"v1/models/{model.Id()}/predict", body, "application/octet-stream", cancellationToken);
            foreach (var list in answer.EnumerateObject())
            {
                if (merged[list.Name] is not JsonArray all)
                {
                    merged[list.Name] = all = [];
                }

                foreach (var item in list.Value.EnumerateArray())
                {
                    all.Add(JsonNode.Parse(item.GetRawText()));
                }
            }
        }

        return JsonElement.Parse(merged.ToJsonString());
    }

    private static void Print(JsonElement answer, IReadOnlyList<string>? truths)
    {
        string[] columns = [">row", "prediction", ">probability"];
        var table = new Table(truths is null ? columns : [.. columns, "truth"]);
        foreach (var (row, prediction) in answer.Items("predictions").Index())
        {
            var guess = prediction.Text("class") ?? "";
            var probability = prediction.Items("probabilities").Select(share => share.GetDouble()).DefaultIfEmpty().Max();
            string[] cells = [$"{row + 1}", Words.Safe(guess), Words.Share(probability)];
            table.Add(
                truths is null ? Paint.None : truths[row] == guess ? Paint.Green : Paint.Red,
                truths is null ? cells : [.. cells, Words.Safe(truths[row])]);
        }

        foreach (var (row, value) in answer.Items("values").Index())
        {
            string[] cells = [$"{row + 1}", value.GetDouble().ToString("R", CultureInfo.InvariantCulture), ""];
            table.Add(truths is null ? cells : [.. cells, Words.Safe(truths[row])]);
        }

        table.Write();
    }
}
