using Npgsql;
using SparseService.Engine.Formats;
using SparseService.Jobs.Events;
using SparseService.Persistence.Blobs;

namespace SparseService.Api.Checkpoints;

/// <summary>Makes a model of a checkpoint. A checkpoint has one model, however often and by however many it is asked for.</summary>
internal sealed class CheckpointPromotion(NpgsqlDataSource database, BlobStore blobs, TimeProvider clock)
{
    /// <returns>The model, and whether it was made now.</returns>
    /// <exception cref="InvalidDataException">The stored bytes are damaged.</exception>
    public async Task<(Model Model, bool IsNew)> PromoteAsync(
        Checkpoint checkpoint, string? name, Guid ownerId, SparseDbContext db, CancellationToken cancellationToken)
    {
        if (await db.Models.SingleOrDefaultAsync(model => model.CheckpointId == checkpoint.Id, cancellationToken) is { } earlier)
        {
            return (earlier, false);
        }

        await VerifyAsync(checkpoint.BlobHash, cancellationToken);
        await using var bytes = ModelOf(checkpoint);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        var blob = await BlobStore.WriteAsync(connection, bytes, cancellationToken);
        // Two at once take turns from here at the latest: the second one finds the first one's model. Not earlier: while the bytes are on
        // their way, the run's worker must be able to write.
        var run = await db.Runs.FromSql($"SELECT * FROM runs WHERE id = {checkpoint.RunId} FOR NO KEY UPDATE").AsNoTracking()
            .SingleAsync(cancellationToken);
        // The same bytes of the same run are the same model: the last checkpoint's is the run's own result.
        var other = await db.Models.FirstOrDefaultAsync(
            model => model.CheckpointId == checkpoint.Id || (model.RunId == run.Id && model.BlobHash == blob.Hash), cancellationToken);
        if (other is not null)
        {
            return (other, false);
        }

        var model = ModelRow(checkpoint, run, blob, name, ownerId);
        model.ClassNames = await db.Datasets.Where(dataset => dataset.Id == run.DatasetId).Select(dataset => dataset.ClassNames)
            .SingleAsync(cancellationToken);
        db.Models.Add(model);
        await db.SaveChangesAsync(cancellationToken);
        var payload = new ModelPayload(
            model.Id, model.Bytes, model.DenseBytes, model.Nnz, model.TestAccuracy, checkpoint.Id, checkpoint.Epoch);
        await RunEventLog.AppendAsync(connection, run.Id, RunEventKind.Model, payload, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (model, true);
    }

    private async Task VerifyAsync(string hash, CancellationToken cancellationToken)
    {
        await using var stored = await blobs.OpenAsync(hash, cancellationToken);
        await stored.CopyToAsync(Stream.Null, cancellationToken);
    }

    private SplicedStream ModelOf(Checkpoint checkpoint)
    {
        var stored = new RangedBlob(database, checkpoint.BlobHash, checkpoint.Bytes);
        var (header, sources) = PromotedModel.Of(SafetensorsHeader.Read(stored));
        var arrays = stored.Position;
        return new SplicedStream(
            [
                new SplicedPart.Bytes(header.ToBytes()),
                .. sources.Select(source => new SplicedPart.Window(stored, arrays + source.Start, source.Bytes)),
            ]);
    }

    private Model ModelRow(Checkpoint checkpoint, TrainingRun run, StoredBlob blob, string? name, Guid ownerId)
    {
        var layers = run.Spec.Training.Network.Layers;
        var weights = layers.Zip(layers.Skip(1), (inputs, outputs) => (long)inputs * outputs).Sum();
        var biases = layers.Skip(1).Sum(width => (long)width);
        return new Model
        {
            Id = Guid.CreateVersion7(),
            RunId = run.Id,
            CheckpointId = checkpoint.Id,
            Epoch = checkpoint.Epoch,
            OwnerId = ownerId,
            Name = name ?? $"{run.Name ?? run.Id.ToString()}, epoch {checkpoint.Epoch}",
            BlobHash = blob.Hash,
            Bytes = blob.Bytes,
            DenseBytes = (weights + biases) * sizeof(float),
            Nnz = checkpoint.Nnz,
            DenseParameters = weights,
            Features = layers[0],
            Outputs = layers[^1],
            TestAccuracy = checkpoint.TestAccuracy,
            TestLoss = checkpoint.TestLoss,
            CreatedAt = clock.GetUtcNow(),
        };
    }
}
