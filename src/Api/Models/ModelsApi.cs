using Npgsql;
using SparseService.Api.Models.Archives;
using SparseService.Api.Models.Predictions;

namespace SparseService.Api.Models;

/// <summary>Trained models: listed, downloaded, asked.</summary>
public static class ModelsApi
{
    public static RouteGroupBuilder MapModels(this IEndpointRouteBuilder routes, ApiLimits limits)
    {
        var models = routes.MapGroup("/models").WithTags("Models").Needs(ApiRole.Viewer);
        models.MapGet("/", List).WithName("listModels").Refuses(400).WithSummary("List models, newest first");
        models.MapGet("/{id:guid}", Get).WithName("getModel").Refuses(404).WithSummary("Describe a model");
        models.MapGet("/{id:guid}/content", Content).WithName("downloadModel").Refuses(400, 404, 416).Downloads()
            .WithSummary("Download a model; Range and If-None-Match work")
            .WithDescription(
                "format: safetensors (CSR arrays; the default), npz (the same arrays for NumPy and SciPy) or onnx (a graph with sparse "
                + "initializers, from raw rows to probabilities; up to 2 GiB). "
                + "layer: with npz, only this weight matrix, from 0, as scipy.sparse.load_npz reads it.");
        models.MapPost("/{id:guid}/predict", PredictEndpoint.Predict).WithName("predict").Refuses(400, 404, 408, 413, 415, 422)
            .TakesAtMost(limits.PredictBytes)
            .Accepts<PredictRequest>(JsonRows.ContentType, PredictEndpoint.OtherContentTypes)
            .Produces<PredictResponse>()
            .WithSummary("Predict, also as a stream")
            .WithDescription(PredictEndpoint.Description);
        return models;
    }

    private static async Task<Ok<Page<ModelResponse>>> List(
        SparseDbContext db, CancellationToken cancellationToken, string? cursor = null, int? limit = null)
    {
        var page = PageRequest.From(cursor, limit);
        var rows = await ModelRows.In(db)
            .Where(row => page.BeforeCreatedAt == null || row.Model.CreatedAt < page.BeforeCreatedAt
                || (row.Model.CreatedAt == page.BeforeCreatedAt && row.Model.Id.CompareTo(page.AfterId) > 0))
            .OrderByDescending(row => row.Model.CreatedAt).ThenBy(row => row.Model.Id)
            .Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows, ModelResponse.From, row => row.Model.CreatedAt, row => row.Model.Id));
    }

    private static async Task<Results<Ok<ModelResponse>, ProblemResult>> Get(
        Guid id, SparseDbContext db, CancellationToken cancellationToken) =>
        await ModelRows.In(db).SingleOrDefaultAsync(row => row.Model.Id == id, cancellationToken) is { } row
            ? TypedResults.Ok(ModelResponse.From(row))
            : Refused.NotFound("model", id);

    private static async Task<Results<FileStreamHttpResult, ProblemResult>> Content(
        Guid id, SparseDbContext db, NpgsqlDataSource database, NpzArchive archives, OnnxModel graphs,
        CancellationToken cancellationToken, string format = "safetensors", int? layer = null)
    {
        var model = await db.Models.AsNoTracking().SingleOrDefaultAsync(model => model.Id == id, cancellationToken);
        switch (format)
        {
            case "safetensors" or "npz" or "onnx" when model is null:
                return Refused.NotFound("model", id);
            case "safetensors" when layer is null:
                return Download.Of(model.BlobHash, model.Bytes, Download.FileName(model.Name, ".safetensors"), model.CreatedAt, database);
            case "npz" when await archives.OpenAsync(model, layer, cancellationToken) is { } archive:
                var name = layer is null ? model.Name : $"{model.Name}-layer-{layer}";
                return Download.Of(archive, $"{model.BlobHash}-npz-{layer}", Download.FileName(name, ".npz"), model.CreatedAt);
            case "onnx" when layer is null:
                var graph = graphs.Open(model);
                return graph.Length <= OnnxModel.MostBytes
                    ? Download.Of(graph, $"{model.BlobHash}-onnx", Download.FileName(model.Name, ".onnx"), model.CreatedAt)
                    : Refused.BadRequest(ApiFault.Of("format", "onnx", "safetensors or npz: as ONNX the model would pass 2 GiB"));
            case "safetensors" or "npz" or "onnx":
                return Refused.BadRequest(ApiFault.Of("layer", layer, "with format npz, the number of a weight matrix, from 0"));
            default:
                return Refused.BadRequest(ApiFault.Of("format", format, "safetensors, npz or onnx"));
        }
    }
}
