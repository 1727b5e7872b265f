using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using SparseService.Api.Datasets;
using SparseService.Engine.Data;
using SparseService.Engine.Training;
using SparseService.Jobs.Commands;

namespace SparseService.Api.Runs;

/// <summary>Checks a spec completely, finds or makes its dataset, and queues the run.</summary>
internal sealed class RunSubmission(RunCommands commands, DatasetImports imports, IOptions<ApiLimits> limits)
{
    public async Task<CreateRunResult> SubmitAsync(
        byte[] body, string? idempotencyKey, Guid ownerId, SparseDbContext db, CancellationToken cancellationToken)
    {
        var spec = RunSpecJson.Parse(body);
        if (spec.Dataset is null)
        {
            throw new RefusedException(Refused.BadRequest(ApiFault.Of("$.dataset", null, "an object with id, name or generated")));
        }

        // Before the limits and the dataset are looked at: both may have changed since the first request, whose answer this one wants.
        var hash = SHA256.HashData(body);
        if (await commands.FindAsync(ownerId, idempotencyKey, hash, cancellationToken) is { } earlier)
        {
            return earlier;
        }

        await RequireRoomAsync(ownerId, db, cancellationToken);
        var dataset = await ResolveAsync(spec.Dataset, spec, ownerId, db, cancellationToken);
        RequireFit(spec, ShapeOf(dataset));
        return await commands.CreateAsync(
            new NewRun { OwnerId = ownerId, Spec = spec, DatasetId = dataset.Id, IdempotencyKey = idempotencyKey, BodyHash = hash },
            cancellationToken);
    }

    public async Task<CreateRunResult> ForkAsync(
        TrainingRun parent, ForkRunRequest request, string? idempotencyKey, Guid ownerId, SparseDbContext db,
        CancellationToken cancellationToken)
    {
        var training = parent.Spec.Training;
        var spec = parent.Spec with
        {
            Name = request.Name ?? parent.Spec.Name,
            Labels = request.Labels ?? parent.Spec.Labels,
            Training = training with { Epochs = request.Epochs ?? training.Epochs },
        };
        if (TrainingOptionsValidator.Validate(spec) is { Count: > 0 } faults)
        {
            throw new InvalidSpecException(
                [.. faults.Select(fault => fault with { Path = fault.Path.Replace("$.training.", "$.", StringComparison.Ordinal) })]);
        }

        // The parent is part of what was asked for, though it stands in the address.
        var hash = SHA256.HashData([.. parent.Id.ToByteArray(), .. JsonSerializer.SerializeToUtf8Bytes(request, ApiJson.Options)]);
        if (await commands.FindAsync(ownerId, idempotencyKey, hash, cancellationToken) is { } earlier)
        {
            return earlier;
        }

        var checkpoints = db.Checkpoints.Where(checkpoint => checkpoint.RunId == parent.Id);
        if (!await checkpoints.AnyAsync(checkpoint => checkpoint.Id == request.CheckpointId, cancellationToken))
        {
            throw new RefusedException(Refused.Unprocessable(
                "The run has no such checkpoint.", ApiFault.Of("$.checkpointId", request.CheckpointId, "a checkpoint of this run")));
        }

        await RequireRoomAsync(ownerId, db, cancellationToken);
        return await commands.CreateAsync(
            new NewRun
            {
                OwnerId = ownerId,
                Spec = spec,
                DatasetId = parent.DatasetId,
                IdempotencyKey = idempotencyKey,
                BodyHash = hash,
                ForkFromCheckpointId = request.CheckpointId,
            },
            cancellationToken);
    }

    /// <summary>The dataset that a reference means; null when there is none.</summary>
    public static async Task<Dataset?> FindAsync(DatasetReference reference, SparseDbContext db, CancellationToken cancellationToken)
    {
        var name = reference.Generated is { } generated ? NameOf(generated) : reference.Name;
        return reference.Id is { } id
            ? await db.Datasets.AsNoTracking().SingleOrDefaultAsync(dataset => dataset.Id == id, cancellationToken)
            : await db.Datasets.AsNoTracking().Where(dataset => dataset.Name == name)
                .OrderByDescending(dataset => dataset.Version).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>Sizes of the dataset that a reference means, also of one that the service has yet to generate; null when there is
    /// none.</summary>
    public static async Task<DatasetShape?> ShapeOfAsync(
        DatasetReference reference, SparseDbContext db, CancellationToken cancellationToken) =>
        reference.Generated is { } generated ? GeneratedDatasets.ShapeOf(generated)
        : await FindAsync(reference, db, cancellationToken) is { } dataset ? ShapeOf(dataset)
        : null;

    /// <summary>Where a spec names a dataset that does not exist.</summary>
    public static (string Path, string Value) PathOf(DatasetReference reference) =>
        reference.Id is { } id ? ("$.dataset.id", id.ToString()) : ("$.dataset.name", reference.Name ?? "missing");

    /// <summary>Null when training may take the memory that it needs.</summary>
    public static SpecFault? MemoryFault(RunForecast forecast, ApiLimits limits) => forecast.TrainingBytes <= limits.TrainingBytes
        ? null
        : new SpecFault(
            "$.training.network", $"{forecast.TrainingBytes} bytes to train {forecast.Nnz} connections",
            $"at most {limits.TrainingBytes} bytes");

    private static DatasetShape ShapeOf(Dataset dataset) =>
        new(dataset.Features, dataset.Classes, dataset.TrainRows, dataset.Rows - dataset.TrainRows);

    // Clients may not use a colon in names: nobody can put other content under the name of a generated dataset.
    private static string NameOf(GeneratedDataset generated) =>
        $"{EnumText.Of(generated.Kind)}:{generated.TrainSamples}:{generated.TestSamples}:{generated.Seed}";

    private async Task<Dataset> ResolveAsync(
        DatasetReference reference, RunSpec spec, Guid ownerId, SparseDbContext db, CancellationToken cancellationToken)
    {
        if (await FindAsync(reference, db, cancellationToken) is { } dataset)
        {
            return dataset;
        }

        if (reference.Generated is { } generated)
        {
            RequireFit(spec, GeneratedDatasets.ShapeOf(generated)); // Before the work of generating is done for a run that cannot be.
            return (await imports.GenerateAsync(ownerId, NameOf(generated), generated, cancellationToken)).Dataset;
        }

        var (path, value) = PathOf(reference);
        throw new RefusedException(
            Refused.Unprocessable("There is no such dataset.", ApiFault.Of(path, value, "a dataset that GET /v1/datasets lists")));
    }

    private void RequireFit(RunSpec spec, DatasetShape shape)
    {
        if (TrainingOptionsValidator.ValidateAgainst(spec.Training, shape) is { Count: > 0 } faults)
        {
            throw new RefusedException(Refused.Unprocessable("The spec does not fit the dataset.", [.. faults.Select(ApiFault.From)]));
        }

        if (MemoryFault(RunForecast.Of(spec.Training, shape.TrainRows), limits.Value) is { } fault)
        {
            throw new RefusedException(Refused.Unprocessable("Training would need too much memory.", ApiFault.From(fault)));
        }
    }

    private async Task RequireRoomAsync(Guid ownerId, SparseDbContext db, CancellationToken cancellationToken)
    {
        var unfinished = await db.Runs.CountAsync(
            run => run.OwnerId == ownerId
                && run.State != RunState.Succeeded && run.State != RunState.Failed && run.State != RunState.Cancelled,
            cancellationToken);
        if (unfinished >= limits.Value.UnfinishedRuns)
        {
            throw new RefusedException(Refused.Conflict(
                "Your key has too many unfinished runs.", ApiFault.Of("runs", unfinished, $"fewer than {limits.Value.UnfinishedRuns}")));
        }
    }
}
