using SparseService.Engine.Data;
using SparseService.Persistence.Blobs;

namespace SparseService.Api.Datasets;

/// <param name="RowsRead">Evenly spaced over the dataset; fewer than its rows when it is large.</param>
/// <param name="Total">Columns of the dataset.</param>
public sealed record DatasetColumnsResponse(long RowsRead, int Total, IReadOnlyList<ColumnSummary> Columns);

/// <summary>How the values of a dataset's columns are spread.</summary>
public static class DatasetColumnsApi
{
    private const int DefaultColumns = 24;
    private const int MostColumns = 100;
    private const int MostRows = 20_000;

    // A row is read whole, however few of its columns are asked for.
    private const long MostValues = 50_000_000;

    public static void MapDatasetColumns(this RouteGroupBuilder datasets) =>
        datasets.MapGet("/{id:guid}/columns", Columns).WithName("summariseDatasetColumns").Needs(ApiRole.Viewer).Refuses(400, 404)
            .WithSummary("See how its columns are spread: range, mean, histogram")
            .WithDescription(
                $"first: first column, from 0. count: 1 to {MostColumns}. Of a large dataset at most {MostRows} evenly spaced rows are "
                + "read.");

    private static async Task<Results<Ok<DatasetColumnsResponse>, ProblemResult>> Columns(
        Guid id, SparseDbContext db, DatasetCache cache, CancellationToken cancellationToken, int first = 0, int? count = null)
    {
        if (count is < 1 or > MostColumns)
        {
            return Refused.BadRequest(ApiFault.Of("count", count, $"1 to {MostColumns}"));
        }

        var dataset = await db.Datasets.AsNoTracking().SingleOrDefaultAsync(dataset => dataset.Id == id, cancellationToken);
        if (dataset is null)
        {
            return Refused.NotFound("dataset", id);
        }

        if (first < 0 || first >= dataset.Features)
        {
            return Refused.BadRequest(ApiFault.Of("first", first, $"0 to {dataset.Features - 1}"));
        }

        using var hold = await cache.HoldAsync(dataset.ContentHash, dataset.Bytes, cancellationToken);
        using var store = SampleStore.Open(hold.Path);
        var mostRows = (int)Math.Clamp(MostValues / store.Features, 1, MostRows);
        var asked = Math.Min(count ?? DefaultColumns, store.Features - first);
        var (rowsRead, columns) = ColumnSummary.Of(store, first, asked, mostRows, cancellationToken);
        return TypedResults.Ok(new DatasetColumnsResponse(rowsRead, store.Features, columns));
    }
}
