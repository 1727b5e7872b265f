using Microsoft.Extensions.Options;
using Npgsql;
using SparseService.Api.Uploads;
using SparseService.Engine.Data;
using SparseService.Engine.Training;
using SparseService.Persistence.Blobs;

namespace SparseService.Api.Datasets;

/// <summary>
/// Makes sample stores of uploads or of nothing, and puts them into the database. A few at a time: each fills a processor.
/// </summary>
internal sealed class DatasetImports(
    NpgsqlDataSource database, IDbContextFactory<SparseDbContext> contexts, IOptions<ApiLimits> limits) : IDisposable
{
    private readonly SemaphoreSlim slots = new(2);

    /// <summary>Imports uploaded files; the uploads are used up by it.</summary>
    /// <exception cref="DatasetFormatException">The bytes are not what they claim to be; nothing was stored.</exception>
    public Task<(Dataset Dataset, bool IsNew)> ImportAsync(
        Guid ownerId, CreateDatasetRequest request, IReadOnlyDictionary<DatasetFileRole, Upload> uploads,
        CancellationToken cancellationToken)
    {
        var files = uploads.ToDictionary(
            file => file.Key, file => (Func<Stream>)(() => new UploadStream(database, file.Value.Id, file.Value.PartCount())));
        var options = new DatasetImportOptions
        {
            Format = request.Format,
            LabelColumn = request.LabelColumn,
            Regression = request.Regression,
        };
        var bounds = new DatasetLimits { ExpandedBytes = limits.Value.ExpandedBytes };
        return MakeAsync(
            path => DatasetImport.ToStore(options, files, path, bounds, cancellationToken),
            new Origin(ownerId, request.Name, request.Format, [.. uploads.Values.Select(upload => upload.Id)]),
            cancellationToken);
    }

    public Task<(Dataset Dataset, bool IsNew)> GenerateAsync(
        Guid ownerId, string name, GeneratedDataset generated, CancellationToken cancellationToken) =>
        MakeAsync(
            path => GeneratedDatasets.ToStore(generated, path, cancellationToken), new Origin(ownerId, name, null, []), cancellationToken);

    public void Dispose() => slots.Dispose();

    private async Task<(Dataset Dataset, bool IsNew)> MakeAsync(
        Action<string> writeStore, Origin origin, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken);
        var path = Path.Combine(Path.GetTempPath(), $"sparse-import-{Guid.NewGuid():N}");
        try
        {
            // Minutes of pure computing: not on a thread that other requests wait for.
            await Task.Factory.StartNew(() => writeStore(path), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            using var store = SampleStore.Open(path);
            return await AddAsync(store, path, origin, cancellationToken);
        }
        finally
        {
            File.Delete(path);
            slots.Release();
        }
    }

    private async Task<(Dataset Dataset, bool IsNew)> AddAsync(
        SampleStore store, string path, Origin origin, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Versions of a name are numbered one after the other.
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({origin.Name}, 0))", cancellationToken);
        var versions = db.Datasets.Where(dataset => dataset.Name == origin.Name);
        var dataset = await versions.FirstOrDefaultAsync(version => version.ContentHash == store.ContentHash, cancellationToken);
        var isNew = dataset is null;
        if (dataset is null)
        {
            var blob = await BlobStore.WriteFileAsync((NpgsqlConnection)db.Database.GetDbConnection(), path, cancellationToken);
            var newest = await versions.MaxAsync(version => (int?)version.Version, cancellationToken) ?? 0;
            dataset = Row(store, blob, origin, newest + 1);
            db.Datasets.Add(dataset);
            await db.SaveChangesAsync(cancellationToken);
        }

        await db.Uploads.Where(upload => origin.Uploads.Contains(upload.Id)).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (dataset, isNew);
    }

    private static Dataset Row(SampleStore store, StoredBlob blob, Origin origin, int version) => new()
    {
        Id = Guid.CreateVersion7(),
        OwnerId = origin.OwnerId,
        Name = origin.Name,
        Version = version,
        ContentHash = blob.Hash,
        Format = origin.Format,
        Bytes = blob.Bytes,
        Rows = store.Rows,
        TrainRows = store.TrainRows,
        Features = store.Features,
        Classes = store.Classes,
        ClassNames = [.. store.ClassNames],
        ClassCounts = [.. store.ClassCounts],
        ImageHeight = store.Image?.Height,
        ImageWidth = store.Image?.Width,
        ImageChannels = store.Image?.Channels,
    };

    private sealed record Origin(Guid OwnerId, string Name, DatasetFormat? Format, IReadOnlyList<Guid> Uploads);
}
