using System.Text.Json;

namespace SparseService.Api.Runs;

/// <summary>Which runs a list shows; each part is optional.</summary>
internal static class RunFilter
{
    private const int LongestText = 200;

    public static IQueryable<TrainingRun> Apply(
        IQueryable<TrainingRun> runs, string? state, string[]? label, string? name, Guid? dataset, Guid? owner,
        DateTimeOffset? createdAfter, DateTimeOffset? createdBefore)
    {
        if (state is not null)
        {
            var states = state.Split(',', StringSplitOptions.TrimEntries).Select(State).ToList();
            runs = runs.Where(run => states.Contains(run.State));
        }

        foreach (var pair in label ?? [])
        {
            var labels = Labels(pair);
            runs = runs.Where(run => EF.Functions.JsonContains(run.Labels, labels));
        }

        if (name is not null)
        {
            var pattern = $"%{Escape(Bounded("name", name))}%";
            runs = runs.Where(run => EF.Functions.ILike(run.Name!, pattern, "\\"));
        }

        // Offsets of the client's own are fine; the column wants UTC.
        var (after, before) = (createdAfter?.ToUniversalTime(), createdBefore?.ToUniversalTime());
        return runs.Where(run => (dataset == null || run.DatasetId == dataset)
            && (owner == null || run.OwnerId == owner)
            && (after == null || run.CreatedAt > after)
            && (before == null || run.CreatedAt < before));
    }

    private static RunState State(string text) =>
        Enum.GetValues<RunState>().Cast<RunState?>().FirstOrDefault(state => Name(state!.Value) == text)
        ?? throw new RefusedException(Refused.BadRequest(
            ApiFault.Of("state", text, string.Join(", ", Enum.GetValues<RunState>().Select(Name)) + "; several with commas")));

    private static string Labels(string pair)
    {
        var split = Bounded("label", pair).IndexOf('=');
        return split > 0
            ? JsonSerializer.Serialize(new Dictionary<string, string> { [pair[..split]] = pair[(split + 1)..] })
            : throw new RefusedException(Refused.BadRequest(ApiFault.Of("label", pair, "key=value")));
    }

    private static string Bounded(string path, string text) =>
        text.Length <= LongestText
            ? text
            : throw new RefusedException(Refused.BadRequest(ApiFault.Of(path, text, $"at most {LongestText} characters")));

    private static string Escape(string text) => text.Replace("\\", "\\\\").Replace("%", "\\%").Replace("_", "\\_");

    private static string Name(RunState state) => JsonNamingPolicy.CamelCase.ConvertName(state.ToString());
}
