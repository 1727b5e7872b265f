using Microsoft.Extensions.Options;
using SparseService.Api.OpenApi;
using SparseService.Api.Runs;
using SparseService.Engine.Data;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Api.Topologies;

/// <summary>What a spec would cost and how it would be connected, without training it.</summary>
public static class TopologiesApi
{
    // Drawing a topology takes up to a second of a processor: a few at a time, so that other requests are answered meanwhile.
    private static readonly SemaphoreSlim Drawing = new(2);

    public static RouteGroupBuilder MapTopologies(this IEndpointRouteBuilder routes, ApiLimits limits)
    {
        var topologies = routes.MapGroup("/topologies").WithTags("Topologies").Needs(ApiRole.Viewer);
        topologies.MapPost("/preview", Preview).WithName("previewTopology")
            .Refuses(400, 413, 415, 422).TakesAtMost(limits.SpecBytes)
            .Accepts<RunSpec>("application/json")
            .WithSummary("Forecast connections, density, degrees, memory and time of a spec")
            .WithDescription(
                "The body is that of POST /v1/runs; its dataset may be left out, be one that is not here yet, or be named as datasetId in "
                + "the address. With a dataset that is known the spec is checked against it and the time of an epoch is forecast. "
                + "warnings says what a run would be refused for all the same.");
        topologies.MapPost("/spy", Spy).WithName("spyTopology")
            .Refuses(400, 413, 415, 422).TakesAtMost(limits.SpecBytes)
            .Accepts<RunSpec>("application/json")
            .WithSummary("See where the first connections of a layer lie")
            .WithDescription(
                "The body is that of POST /v1/runs; its dataset does not matter. The answer counts the connections that a run of the spec "
                + $"starts from on a grid of at most {SpyPlot.MostCells} by {SpyPlot.MostCells} cells over the asked part of the layer. "
                + $"A layer of more than {SpyPlot.LargestDrawn:0} connections is refused.");

        topologies.MapPartition(limits);
        routes.MapGet("/specs/schema", Schema).WithTags("Runs").WithName("getSpecSchema").Needs(ApiRole.Viewer)
            .Produces<object>(StatusCodes.Status200OK, SpecSchema.ContentType)
            .WithSummary("Read what a spec may hold, as a JSON Schema (2020-12)")
            .WithDescription(
                "Types, names, ranges, defaults and descriptions, for forms and editors. What depends on several values at once is checked "
                + "by POST /v1/topologies/preview.");
        return topologies;
    }

    private static async Task<Results<Ok<RunForecast>, ProblemResult>> Preview(
        HttpRequest request, SparseDbContext db, IOptions<ApiLimits> limits, CancellationToken cancellationToken, Guid? datasetId = null)
    {
        var spec = RunSpecJson.Parse(await RequestBytes.ReadAsync(request, cancellationToken));
        var reference = datasetId is { } id ? new DatasetReference { Id = id } : spec.Dataset;
        var shape = reference is null ? null : await RunSubmission.ShapeOfAsync(reference, db, cancellationToken);
        if (shape is null && datasetId is not null)
        {
            return Refused.Unprocessable(
                "There is no such dataset.", ApiFault.Of("datasetId", datasetId, "a dataset that GET /v1/datasets lists"));
        }

        if (shape is not null && TrainingOptionsValidator.ValidateAgainst(spec.Training, shape) is { Count: > 0 } faults)
        {
            return Refused.Unprocessable("The spec does not fit the dataset.", [.. faults.Select(ApiFault.From)]);
        }

        var forecast = await DrawAsync(() => RunForecast.Of(spec.Training, shape?.TrainRows), cancellationToken);
        return TypedResults.Ok(forecast with { Warnings = [.. Warnings(reference, shape, forecast, limits.Value)] });
    }

    private static IEnumerable<SpecFault> Warnings(
        DatasetReference? reference, DatasetShape? shape, RunForecast forecast, ApiLimits limits)
    {
        if (reference is not null && shape is null)
        {
            var (path, value) = RunSubmission.PathOf(reference);
            yield return new SpecFault(path, value, "a dataset that GET /v1/datasets lists");
        }

        if (RunSubmission.MemoryFault(forecast, limits) is { } fault)
        {
            yield return fault;
        }
    }

    private static ContentHttpResult Schema(SpecSchema schema) => TypedResults.Text(schema.Text, SpecSchema.ContentType);

    private static async Task<Results<Ok<SpyPlot>, ProblemResult>> Spy(
        HttpRequest request, CancellationToken cancellationToken, int? layer = null, int firstInput = 0, int? inputs = null,
        int firstOutput = 0, int? outputs = null, int cells = SpyPlot.MostCells)
    {
        var training = RunSpecJson.Parse(await RequestBytes.ReadAsync(request, cancellationToken)).Training;
        var widths = training.Network.Layers;
        if (layer is not { } number || number < 1 || number >= widths.Count)
        {
            return Refused.BadRequest(ApiFault.Of("layer", layer, $"1 to {widths.Count - 1}"));
        }

        var (width, height) = (widths[number - 1], widths[number]);
        var window = new SpyWindow(firstInput, inputs ?? (width - firstInput), firstOutput, outputs ?? (height - firstOutput));
        if (Faults(window, width, height, cells).ToList() is { Count: > 0 } faults)
        {
            return Refused.BadRequest(faults);
        }

        var nnz = TopologyGenerator.ExpectedNnz(training.Network, number - 1);
        return nnz > SpyPlot.LargestDrawn
            ? Refused.Unprocessable(
                "The layer is too large to be drawn for a picture.",
                ApiFault.Of(
                    $"$.training.network.layers[{number}]", $"about {nnz:0} connections into this layer",
                    $"at most {SpyPlot.LargestDrawn:0} for a picture"))
            : TypedResults.Ok(await DrawAsync(
                () => SpyPlot.Of(training.Network, number - 1, training.Seed, window, cells, cancellationToken), cancellationToken));
    }

    private static async Task<T> DrawAsync<T>(Func<T> draw, CancellationToken cancellationToken)
    {
        await Drawing.WaitAsync(cancellationToken);
        try
        {
            return draw();
        }
        finally
        {
            Drawing.Release();
        }
    }

    private static IEnumerable<ApiFault> Faults(SpyWindow window, int width, int height, int cells)
    {
        if (window.FirstInput < 0 || window.FirstInput >= width)
        {
            yield return ApiFault.Of("firstInput", window.FirstInput, $"0 to {width - 1}");
        }
        else if (window.Inputs < 1 || window.Inputs > width - window.FirstInput)
        {
            yield return ApiFault.Of("inputs", window.Inputs, $"1 to {width - window.FirstInput}");
        }

        if (window.FirstOutput < 0 || window.FirstOutput >= height)
        {
            yield return ApiFault.Of("firstOutput", window.FirstOutput, $"0 to {height - 1}");
        }
        else if (window.Outputs < 1 || window.Outputs > height - window.FirstOutput)
        {
            yield return ApiFault.Of("outputs", window.Outputs, $"1 to {height - window.FirstOutput}");
        }

        if (cells is < 1 or > SpyPlot.MostCells)
        {
            yield return ApiFault.Of("cells", cells, $"1 to {SpyPlot.MostCells}");
        }
    }
}
