using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using SparseService.Api.Datasets;
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
        RequireFit(spec, dataset);
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
            RequireMemory(spec, null); // Before the work of generating is done for a run that cannot be.
            return (await imports.GenerateAsync(ownerId, NameOf(generated), generated, cancellationToken)).Dataset;
        }

        var (path, value) = reference.Id is { } id ? ("$.dataset.id", id.ToString()) : ("$.dataset.name", reference.Name);
        throw new RefusedException(
            Refused.Unprocessable("There is no such dataset.", ApiFault.Of(path, value, "a dataset that GET /v1/datasets lists")));
    }

    private void RequireFit(RunSpec spec, Dataset dataset)
    {
        var shape = new DatasetShape(dataset.Features, dataset.Classes, dataset.TrainRows, dataset.Rows - dataset.TrainRows);
        if (TrainingOptionsValidator.ValidateAgainst(spec.Training, shape) is { Count: > 0 } faults)
        {
            throw new RefusedException(Refused.Unprocessable("The spec does not fit the dataset.", [.. faults.Select(ApiFault.From)]));
        }

        RequireMemory(spec, dataset.TrainRows);
    }

    private void RequireMemory(RunSpec spec, long? trainRows)
    {
        var forecast = RunForecast.Of(spec.Training, trainRows);
        if (forecast.TrainingBytes > limits.Value.TrainingBytes)
        {
            throw new RefusedException(Refused.Unprocessable(
                "Training would need too much memory.",
                ApiFault.Of(
                    "$.training.network", $"{forecast.TrainingBytes} bytes to train {forecast.Nnz} connections",
                    $"at most {limits.Value.TrainingBytes} bytes")));
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
