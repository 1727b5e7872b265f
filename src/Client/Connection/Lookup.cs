using System.Text.Json;
using SparseService.Client.Output;

namespace SparseService.Client.Connection;

/// <summary>Finds what a user means by an id, the beginning of one, or a name.</summary>
internal sealed class Lookup(ServiceClient client)
{
    private const int LeastPrefix = 4;
    private const int MostRows = 10_000;
    private const int MostShown = 5;

    public Task<JsonElement> RunAsync(string word, CancellationToken cancellationToken) =>
        FindAsync("run", "/v1/runs", word, filtersByName: true, cancellationToken);

    /// <summary>Of several versions of a name, the newest.</summary>
    public Task<JsonElement> DatasetAsync(string word, CancellationToken cancellationToken) =>
        FindAsync("dataset", "/v1/datasets", word, filtersByName: true, cancellationToken, newestOfName: true);

    /// <summary>A model, or the one that a run made.</summary>
    public async Task<JsonElement> ModelAsync(string word, CancellationToken cancellationToken)
    {
        if (await TryAsync("model", "/v1/models", word, filtersByName: false, newestOfName: false, cancellationToken) is { } model)
        {
            return model;
        }

        if (await TryAsync("run", "/v1/runs", word, filtersByName: true, newestOfName: false, cancellationToken) is not { } run)
        {
            throw Missing("model", "/v1/models", word);
        }

        return run.Text("modelId") is { } id
            ? await client.GetAsync($"v1/models/{id}", cancellationToken)
            : throw new CliFault($"Run {Words.ShortId(run.Id())} has no model: it is {run.Text("state")}.", ExitCode.BadInput);
    }

    private async Task<JsonElement> FindAsync(
        string noun, string path, string word, bool filtersByName, CancellationToken cancellationToken, bool newestOfName = false) =>
        await TryAsync(noun, path, word, filtersByName, newestOfName, cancellationToken) ?? throw Missing(noun, path, word);

    private static CliFault Missing(string noun, string path, string word)
    {
        var list = $"{CommandName.Current} {path["/v1/".Length..]} list";
        return new CliFault(
            $"There is no {noun} {Words.Safe(word)}; allowed: an id, its first {LeastPrefix} characters or more, or a name. "
            + $"`{list}` shows them.", ExitCode.BadInput);
    }

    private async Task<JsonElement?> TryAsync(
        string noun, string path, string word, bool filtersByName, bool newestOfName, CancellationToken cancellationToken)
    {
        if (Guid.TryParse(word, out var id))
        {
            return await client.FindAsync($"{path[1..]}/{id}", cancellationToken);
        }

        var named = await CollectAsync(
            path, filtersByName ? $"&name={Uri.EscapeDataString(word)}" : "", row => row.Text("name") == word, cancellationToken);
        if (named.Count == 1 || (named.Count > 1 && newestOfName))
        {
            return named[0];
        }

        if (named.Count > 1)
        {
            throw Ambiguous(noun, word, "named", named);
        }

        if (word.Length < LeastPrefix || !word.All(letter => char.IsAsciiHexDigit(letter) || letter == '-'))
        {
            return null;
        }

        var digits = word.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
        var found = await CollectAsync(
            path, "", row => row.Id().ToString("N").StartsWith(digits, StringComparison.Ordinal), cancellationToken);
        return found.Count > 1 ? throw Ambiguous(noun, word, "beginning with", found) : found.Count == 1 ? found[0] : null;
    }

    // Newest first; more rows than this are not searched, which takes seconds already.
    private async Task<List<JsonElement>> CollectAsync(
        string path, string filter, Func<JsonElement, bool> isMeant, CancellationToken cancellationToken)
    {
        var (found, seen, cursor) = (new List<JsonElement>(), 0, "");
        do
        {
            var page = await client.GetAsync($"{path[1..]}?limit=200{filter}{cursor}", cancellationToken);
            var rows = page.Items("items");
            found.AddRange(rows.Where(isMeant));
            seen += rows.Count;
            cursor = page.Text("nextCursor") is { } next ? $"&cursor={next}" : null;
        }
        while (cursor is not null && seen < MostRows);
        return found;
    }

    private static CliFault Ambiguous(string noun, string word, string how, List<JsonElement> found)
    {
        var lines = found.Take(MostShown).Select(row =>
            $"\n  {row.Text("id")}  {Words.Safe(row.Text("name") ?? "")}  {row.Text("state")}  {Words.Instant(row.Instant("createdAt"))}");
        var more = found.Count > MostShown ? $"\n  and {found.Count - MostShown} more" : "";
        return new CliFault(
            $"There are {found.Count} {noun}s {how} {Words.Safe(word)}; name one by its id:{string.Concat(lines)}{more}",
            ExitCode.BadInput);
    }
}
