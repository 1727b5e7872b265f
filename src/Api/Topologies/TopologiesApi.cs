using SparseService.Api.Runs;
using SparseService.Engine.Training;

namespace SparseService.Api.Topologies;

/// <summary>What a spec would cost, without training it.</summary>
public static class TopologiesApi
{
    public static void MapTopologies(this IEndpointRouteBuilder routes, ApiLimits limits) =>
        routes.MapPost("/topologies/preview", Preview).WithTags("Topologies").WithName("previewTopology").Needs(ApiRole.Viewer)
            .Refuses(400, 413, 415, 422).TakesAtMost(limits.SpecBytes)
            .Accepts<RunSpec>("application/json")
            .WithSummary("Forecast connections, density, degrees, memory and time of a spec")
            .WithDescription(
                "The body is that of POST /v1/runs; its dataset may be left out, or named as datasetId in the address. With a dataset the "
                + "spec is checked against it and the time of an epoch is forecast.");

    private static async Task<Results<Ok<RunForecast>, ProblemResult>> Preview(
        HttpRequest request, SparseDbContext db, CancellationToken cancellationToken, Guid? datasetId = null)
    {
        var spec = RunSpecJson.Parse(await RequestBytes.ReadAsync(request, cancellationToken));
        var reference = datasetId is { } id ? new DatasetReference { Id = id } : spec.Dataset;
        if (reference is null)
        {
            return TypedResults.Ok(RunForecast.Of(spec.Training));
        }

        var dataset = await RunSubmission.FindAsync(reference, db, cancellationToken);
        if (dataset is null)
        {
            return reference.Generated is { } generated
                ? TypedResults.Ok(RunForecast.Of(spec.Training, generated.TrainSamples)) // It will be made when a run wants it.
                : Refused.Unprocessable(
                    "There is no such dataset.",
                    ApiFault.Of(
                        datasetId is null ? "$.dataset" : "datasetId", reference.Id?.ToString() ?? reference.Name,
                        "a dataset that GET /v1/datasets lists"));
        }

        var shape = new DatasetShape(dataset.Features, dataset.Classes, dataset.TrainRows, dataset.Rows - dataset.TrainRows);
        return TrainingOptionsValidator.ValidateAgainst(spec.Training, shape) is { Count: > 0 } faults
            ? Refused.Unprocessable("The spec does not fit the dataset.", [.. faults.Select(ApiFault.From)])
            : TypedResults.Ok(RunForecast.Of(spec.Training, dataset.TrainRows));
    }
}
