using SparseService.Engine.Data;
using SparseService.Persistence.Blobs;

namespace SparseService.Api.Datasets;

/// <summary>Immutable datasets, numbered by version under a name.</summary>
public static class DatasetsApi
{
    private const int DefaultPreviewRows = 10;
    private const int MostPreviewRows = 200;
    private const int MostPreviewValues = 1_000_000;

    public static RouteGroupBuilder MapDatasets(this IEndpointRouteBuilder routes)
    {
        var datasets = routes.MapGroup("/datasets").WithTags("Datasets");
        datasets.MapPost("/", Create).WithName("createDataset").Needs(ApiRole.Submitter).Refuses(400, 403, 409, 413, 415, 422)
            .WithSummary("Make a dataset of completed uploads")
            .WithDescription("The uploads are used up. Content that the name has already answers 200 with that version. "
                + "422 says what is wrong with the files: field, value, what is allowed, and the row.");
        datasets.MapPost("/generate", Generate).WithName("generateDataset").Needs(ApiRole.Submitter).Refuses(400, 413, 415)
            .WithSummary("Make a dataset of nothing but a seed");
        datasets.MapGet("/", List).WithName("listDatasets").Needs(ApiRole.Viewer).Refuses(400)
            .WithSummary("List datasets, newest first");
        datasets.MapGet("/{id:guid}", Get).WithName("getDataset").Needs(ApiRole.Viewer).Refuses(404)
            .WithSummary("Inspect a dataset: sizes, class balance, image shape");
        datasets.MapGet("/{id:guid}/preview", Preview).WithName("previewDataset").Needs(ApiRole.Viewer).Refuses(400, 404)
            .WithSummary("Look at its rows")
            .WithDescription($"first: number of the first row, from 0. rows: 1 to {MostPreviewRows}; fewer where rows are very wide.");
        datasets.MapDatasetColumns();
        datasets.MapDelete("/{id:guid}", Delete).WithName("deleteDataset").Needs(ApiRole.Submitter).Refuses(403, 404, 409)
            .WithSummary("Delete a dataset that no run uses")
            .WithDescription("A run needs its dataset for as long as the run is kept; 409 says how many there are.");
        return datasets;
    }

    private static async Task<Results<Created<DatasetResponse>, Ok<DatasetResponse>, ProblemResult>> Create(
        Body<CreateDatasetRequest> body, ClaimsPrincipal user, SparseDbContext db, DatasetImports imports,
        CancellationToken cancellationToken)
    {
        var request = body.Value;
        var ids = request.Files.Values.ToList();
        var found = await db.Uploads.AsNoTracking().Where(upload => ids.Contains(upload.Id))
            .ToDictionaryAsync(upload => upload.Id, cancellationToken);
        var faults = new List<ApiFault>();
        foreach (var (role, id) in request.Files)
        {
            if (!found.TryGetValue(id, out var upload) || !user.MaySteer(upload.OwnerId))
            {
                faults.Add(ApiFault.Of($"$.files.{role}", id, "the id of an upload that your key made"));
            }
            else if (!upload.Completed)
            {
                faults.Add(ApiFault.Of($"$.files.{role}", id, "a completed upload; this one still waits for parts or for /complete"));
            }
        }

        if (faults.Count > 0)
        {
            return Refused.Unprocessable("The files cannot be used.", faults);
        }

        var uploads = request.Files.ToDictionary(file => DatasetFiles.Role(file.Key), file => found[file.Value]);
        var (dataset, isNew) = await imports.ImportAsync(user.KeyId(), request, uploads, cancellationToken);
        return Answer(dataset, isNew);
    }

    private static async Task<Results<Created<DatasetResponse>, Ok<DatasetResponse>, ProblemResult>> Generate(
        Body<GenerateDatasetRequest> body, ClaimsPrincipal user, DatasetImports imports, CancellationToken cancellationToken)
    {
        var (dataset, isNew) = await imports.GenerateAsync(user.KeyId(), body.Value.Name, body.Value.Generated, cancellationToken);
        return Answer(dataset, isNew);
    }

    private static Results<Created<DatasetResponse>, Ok<DatasetResponse>, ProblemResult> Answer(Dataset dataset, bool isNew) =>
        isNew
            ? TypedResults.Created($"/v1/datasets/{dataset.Id}", DatasetResponse.From(dataset))
            : TypedResults.Ok(DatasetResponse.From(dataset));

    private static async Task<Ok<Page<DatasetResponse>>> List(
        SparseDbContext db, CancellationToken cancellationToken, string? cursor = null, int? limit = null, string? name = null)
    {
        var page = PageRequest.From(cursor, limit);
        var rows = await db.Datasets.AsNoTracking()
            .Where(dataset => name == null || dataset.Name == name)
            .Where(dataset => page.BeforeCreatedAt == null || dataset.CreatedAt < page.BeforeCreatedAt
                || (dataset.CreatedAt == page.BeforeCreatedAt && dataset.Id.CompareTo(page.AfterId) > 0))
            .OrderByDescending(dataset => dataset.CreatedAt).ThenBy(dataset => dataset.Id).Take(page.Limit + 1)
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, DatasetResponse.From, dataset => dataset.CreatedAt, dataset => dataset.Id));
    }

    private static async Task<Results<Ok<DatasetResponse>, ProblemResult>> Get(
        Guid id, SparseDbContext db, CancellationToken cancellationToken) =>
        await db.Datasets.AsNoTracking().SingleOrDefaultAsync(dataset => dataset.Id == id, cancellationToken) is { } dataset
            ? TypedResults.Ok(DatasetResponse.From(dataset))
            : Refused.NotFound("dataset", id);

    private static async Task<Results<Ok<DatasetPreviewResponse>, ProblemResult>> Preview(
        Guid id, SparseDbContext db, DatasetCache cache, CancellationToken cancellationToken, int? rows = null, long first = 0)
    {
        if (rows is < 1 or > MostPreviewRows)
        {
            return Refused.BadRequest(ApiFault.Of("rows", rows, $"1 to {MostPreviewRows}"));
        }

        var dataset = await db.Datasets.AsNoTracking().SingleOrDefaultAsync(dataset => dataset.Id == id, cancellationToken);
        if (dataset is null)
        {
            return Refused.NotFound("dataset", id);
        }

        if (first < 0 || first >= dataset.Rows)
        {
            return Refused.BadRequest(ApiFault.Of("first", first, $"0 to {dataset.Rows - 1}"));
        }

        using var hold = await cache.HoldAsync(dataset.ContentHash, dataset.Bytes, cancellationToken);
        using var store = SampleStore.Open(hold.Path);
        var bound = Math.Min(store.Rows - first, Math.Max(1, MostPreviewValues / store.Features));
        return TypedResults.Ok(ReadPreview(store, first, (int)Math.Min(rows ?? DefaultPreviewRows, bound)));
    }

    private static DatasetPreviewResponse ReadPreview(SampleStore store, long first, int count)
    {
        var rows = new List<DatasetRow>(count);
        var (minimum, maximum, sum, squares) = (float.MaxValue, float.MinValue, 0.0, 0.0);
        for (var row = first; row < first + count; row++)
        {
            var features = new float[store.Features];
            store.ReadRow(row, features);
            rows.Add(new DatasetRow(row, store.Classes > 0 ? store.ClassNames[store.ClassOf(row)] : $"{store.TargetOf(row):R}", features));
            foreach (var value in features)
            {
                minimum = Math.Min(minimum, value);
                maximum = Math.Max(maximum, value);
                sum += value;
                squares += (double)value * value;
            }
        }

        var values = Math.Max(1.0, (double)count * store.Features);
        var deviation = Math.Sqrt(Math.Max(0, (squares / values) - (sum / values * (sum / values))));
        return new DatasetPreviewResponse
        {
            FeatureNames = store.FeatureNames,
            Image = store.Image,
            Rows = rows,
            Statistics = new PreviewStatistics(minimum, maximum, sum / values, deviation),
        };
    }

    private static async Task<Results<NoContent, ProblemResult>> Delete(
        Guid id, ClaimsPrincipal user, SparseDbContext db, CancellationToken cancellationToken)
    {
        var dataset = await db.Datasets.AsNoTracking().SingleOrDefaultAsync(dataset => dataset.Id == id, cancellationToken);
        if (dataset is null)
        {
            return Refused.NotFound("dataset", id);
        }

        if (!user.MaySteer(dataset.OwnerId))
        {
            return Refused.NotOwner("dataset", id);
        }

        // Runs are looked at by the same statement that deletes; a run that slips in between is stopped by the foreign key.
        var deleted = await db.Datasets.Where(row => row.Id == id && !db.Runs.Any(run => run.DatasetId == id))
            .ExecuteDeleteAsync(cancellationToken);
        if (deleted == 1)
        {
            return TypedResults.NoContent(); // Its bytes go with the next sweep of blobs that nobody names.
        }

        var runs = await db.Runs.CountAsync(run => run.DatasetId == id, cancellationToken);
        return Refused.Conflict("Runs use the dataset.", ApiFault.Of("runs", runs, "0; delete the runs first"));
    }
}
