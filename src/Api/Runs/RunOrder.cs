using System.Buffers.Text;
using System.Linq.Expressions;
using System.Text.Json;

namespace SparseService.Api.Runs;

/// <summary>
/// Sorts a list of runs and reads it page by page. A cursor names the last row by its value and id, so that rows which appear meanwhile
/// neither repeat nor hide others.
/// </summary>
internal static class RunOrder
{
    private const int LongestCursor = 2000;
    private const string Name = "name";

    /// <summary>Numbers that a list can be sorted by; a run without the number comes last.</summary>
    private static readonly Dictionary<string, Func<DateTimeOffset, Expression<Func<TrainingRun, double?>>>> Numbers = new()
    {
        ["state"] = _ => run => run.State == RunState.Running ? 0 : run.State == RunState.Starting ? 1 : run.State == RunState.Queued ? 2
            : run.State == RunState.Pausing ? 3 : run.State == RunState.Stopping ? 4 : run.State == RunState.Paused ? 5
            : run.State == RunState.Failed ? 6 : run.State == RunState.Cancelled ? 7 : 8,
        ["progress"] = _ => run => run.EpochsTotal == 0 ? 0 : (double)run.EpochsDone / run.EpochsTotal,
        ["loss"] = _ => run => run.Loss,
        ["testLoss"] = _ => run => run.TestLoss,
        ["testAccuracy"] = _ => run => run.TestAccuracy,
        ["bestTestAccuracy"] = _ => run => run.BestTestAccuracy,
        ["density"] = _ => run => run.Density,
        ["nnz"] = _ => run => run.Nnz,
        ["duration"] = now => run => ((run.FinishedAt ?? now) - run.StartedAt)!.Value.TotalSeconds,
    };

    public static string Allowed { get; } = $"createdAt (newest first, the default), {Name}, {string.Join(", ", Numbers.Keys)}";

    /// <returns>A page of rows, and the cursor of the next one; null on the last.</returns>
    public static Task<(List<TrainingRun> Rows, string? Next)> ReadAsync(
        IQueryable<TrainingRun> runs, string? sort, string? cursor, int? limit, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (sort is null or "createdAt" or "-createdAt")
        {
            return NewestFirstAsync(runs, PageRequest.From(cursor, limit), cancellationToken);
        }

        var page = PageRequest.From(null, limit);
        var descending = sort.StartsWith('-');
        var key = sort.TrimStart('-');
        if (key == Name)
        {
            var after = Place<string>.Read(cursor, sort);
            return SortedAsync(runs, run => run.Name ?? "", descending, after, sort, page.Limit, cancellationToken);
        }

        if (!Numbers.TryGetValue(key, out var number))
        {
            throw new RefusedException(Refused.BadRequest(ApiFault.Of("sort", sort, Allowed + "; with - in front from the largest down")));
        }

        var missing = descending ? double.MinValue : double.MaxValue;
        var selector = number(now);
        var value = Expression.Lambda<Func<TrainingRun, double>>(
            Expression.Coalesce(selector.Body, Expression.Constant(missing)), selector.Parameters);
        return SortedAsync(runs, value, descending, Place<double>.Read(cursor, sort), sort, page.Limit, cancellationToken);
    }

    private static async Task<(List<TrainingRun> Rows, string? Next)> NewestFirstAsync(
        IQueryable<TrainingRun> runs, PageRequest page, CancellationToken cancellationToken)
    {
        var rows = await runs
            .Where(run => page.BeforeCreatedAt == null || run.CreatedAt < page.BeforeCreatedAt
                || (run.CreatedAt == page.BeforeCreatedAt && run.Id.CompareTo(page.AfterId) > 0))
            .OrderByDescending(run => run.CreatedAt).ThenBy(run => run.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return Cut(rows, page.Limit, run => PageRequest.CursorOf(run.CreatedAt, run.Id));
    }

    private static async Task<(List<TrainingRun> Rows, string? Next)> SortedAsync<T>(
        IQueryable<TrainingRun> runs, Expression<Func<TrainingRun, T>> value, bool descending, Place<T>? after, string sort, int limit,
        CancellationToken cancellationToken)
        where T : notnull
    {
        if (after is not null)
        {
            runs = runs.Where(Behind(value, descending, after));
        }

        var ordered = (descending ? runs.OrderByDescending(value) : runs.OrderBy(value)).ThenBy(run => run.Id);
        var rows = await ordered.Take(limit + 1).Select(Pair(value)).ToListAsync(cancellationToken);
        var (shown, next) = Cut(rows, limit, row => new Place<T>(sort, row.Value, row.Run.Id).ToCursor());
        return ([.. shown.Select(row => row.Run)], next);
    }

    private static (List<T> Rows, string? Next) Cut<T>(List<T> rows, int limit, Func<T, string> cursorOf) =>
        rows.Count > limit ? (rows[..limit], cursorOf(rows[limit - 1])) : (rows, null);

    private static Expression<Func<TrainingRun, Valued<T>>> Pair<T>(Expression<Func<TrainingRun, T>> value)
    {
        var constructor = typeof(Valued<T>).GetConstructors().Single();
        return Expression.Lambda<Func<TrainingRun, Valued<T>>>(
            Expression.New(constructor, value.Parameters[0], value.Body), value.Parameters);
    }

    // value beyond the cursor's, or the same value and a larger id
    private static Expression<Func<TrainingRun, bool>> Behind<T>(Expression<Func<TrainingRun, T>> value, bool descending, Place<T> after)
        where T : notnull
    {
        Expression<Func<Place<T>>> place = () => after; // A captured variable becomes a parameter of the query.
        var last = Expression.Property(place.Body, nameof(Place<T>.Value));
        var run = value.Parameters[0];
        Expression compared = typeof(T) == typeof(string)
            ? Expression.Call(typeof(string), nameof(string.Compare), null, value.Body, last)
            : value.Body;
        Expression limit = typeof(T) == typeof(string) ? Expression.Constant(0) : last;
        var beyond = descending ? Expression.LessThan(compared, limit) : Expression.GreaterThan(compared, limit);
        var lastId = Expression.Property(place.Body, nameof(Place<T>.Id));
        var id = Expression.Call(Expression.Property(run, nameof(TrainingRun.Id)), nameof(Guid.CompareTo), null, lastId);
        var tie = Expression.AndAlso(Expression.Equal(value.Body, last), Expression.GreaterThan(id, Expression.Constant(0)));
        return Expression.Lambda<Func<TrainingRun, bool>>(Expression.OrElse(beyond, tie), run);
    }

    private sealed record Valued<T>(TrainingRun Run, T Value);

    private sealed record Place<T>(string Sort, T Value, Guid Id)
    {
        public static Place<T>? Read(string? cursor, string sort)
        {
            if (cursor is null)
            {
                return null;
            }

            try
            {
                var place = cursor.Length <= LongestCursor && Base64Url.IsValid(cursor)
                    ? JsonSerializer.Deserialize<Place<T>>(Base64Url.DecodeFromChars(cursor), ApiJson.Options)
                    : null;
                if (place is { Value: not null } && place.Sort == sort)
                {
                    return place;
                }
            }
            catch (JsonException)
            {
                // Not one of ours.
            }

            throw new RefusedException(
                Refused.BadRequest(ApiFault.Of("cursor", cursor, "nextCursor of the page before, in the same order")));
        }

        public string ToCursor() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(this, ApiJson.Options));
    }
}
