using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Output;
using SparseService.Client.Verbs;

namespace SparseService.Client.Datasets;

/// <summary>A verb about one dataset.</summary>
internal abstract class DatasetVerb(string name, string description, params string[] examples) : NamedVerb(
    "DATASET", "Id, the beginning of one, or a name (its newest version).", (lookup, text, token) => lookup.DatasetAsync(text, token),
    name, description, examples);

/// <summary><c>sparse datasets show DATASET</c>.</summary>
internal sealed class ShowDatasetVerb() : DatasetVerb("show", "Shows a dataset: sizes and classes.", "./sparse datasets show fashion-mnist")
{
    private const int MostClasses = 30;

    /// <summary>What people want to know of a dataset.</summary>
    public static void Print(JsonElement dataset)
    {
        var facts = new Facts();
        facts.Add("dataset", dataset.Text("id"));
        facts.Add("name", $"{dataset.Text("name")}, version {dataset.Whole("version")}");
        facts.Add("rows", $"{Words.Count(dataset.Number("trainRows"))} to train, {Words.Count(dataset.Number("testRows"))} to test");
        facts.Add("features", dataset.Whole("imageHeight") is { } height
            ? $"{dataset.Whole("features")}: images {height} x {dataset.Whole("imageWidth")} x {dataset.Whole("imageChannels")}"
            : $"{dataset.Whole("features")}");
        var classes = dataset.Items("classNames")
            .Zip(dataset.Items("classCounts"), (name, count) => $"{name} {Words.Count(count.GetDouble())}").ToList();
        var more = classes.Count > MostClasses ? $" … ({classes.Count} in all)" : "";
        facts.Add("classes", string.Join(", ", classes.Take(MostClasses)) + more);
        facts.Add("size", Words.Bytes(dataset.Number("bytes")));
        facts.Add("content", dataset.Text("contentHash"));
        facts.Add("created", Words.Instant(dataset.Instant("createdAt")));
        facts.Write();
    }

    protected override Task<int> RunAsync(Call call, JsonElement dataset, CancellationToken cancellationToken) =>
        Task.FromResult(call.Show(dataset, () => Print(dataset)));
}

/// <summary><c>sparse datasets rm DATASET</c>.</summary>
internal sealed class RemoveDatasetVerb() : DatasetVerb("rm", "Deletes a dataset that no run uses.", "./sparse datasets rm fashion-mnist")
{
    protected override async Task<int> RunAsync(Call call, JsonElement dataset, CancellationToken cancellationToken)
    {
        await call.Client.DeleteAsync($"v1/datasets/{dataset.Id()}", cancellationToken);
        return call.Show(dataset, () => Console.WriteLine(
            $"Dataset {Words.Safe(dataset.Text("name") ?? "")}, version {dataset.Whole("version")}, is deleted ({dataset.Id()})."));
    }
}
