using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using SparseService.Api.Models;
using SparseService.Persistence.Blobs;

namespace SparseService.Api.Tests;

public sealed class LoadedModelsTests(ServiceFixture service, TrainedRun trained)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Lease_ModelEvictedOrServiceEnding_PredictsUntilTheLeaseEnds(bool evicted)
    {
        var run = await trained.GetAsync(service);
        var row = await (await service.Viewer.GetAsync($"/v1/models/{run["modelId"]}", Cancellation)).JsonAsync();
        var limits = new ApiLimits { LoadedModelBytes = evicted ? 1 : long.MaxValue };
        using var models = new LoadedModels(service.Blobs, Options.Create(limits));
        using var first = await models.LeaseAsync((string)row["contentHash"]!, Cancellation);
        using var second = await models.LeaseAsync((string)row["contentHash"]!, Cancellation);
        var model = first.Model;
        Assert.Equal(!evicted, ReferenceEquals(model, second.Model));

        if (!evicted)
        {
            models.Dispose();
        }

        Predict();
        second.Dispose();
        Predict();
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(Predict);

        void Predict() => model.Predict(new float[model.Features], new float[model.Outputs]);
    }

    [Fact]
    public async Task Lease_StoredNumberDamaged_IsRefusedByItsHash()
    {
        var run = await trained.GetAsync(service);
        var bytes = await service.Viewer.GetByteArrayAsync($"/v1/models/{run["modelId"]}/content", Cancellation);
        bytes[^4] ^= 1; // a model of its own: other tests use the first
        var hash = await service.InDatabaseAsync(async db =>
        {
            await db.Database.OpenConnectionAsync(Cancellation);
            var blob = await BlobStore.WriteAsync((NpgsqlConnection)db.Database.GetDbConnection(), new MemoryStream(bytes), Cancellation);
            await db.Database.ExecuteSqlAsync(
                $"""
                 UPDATE blob_chunks SET bytes = set_byte(bytes, length(bytes) - 8, get_byte(bytes, length(bytes) - 8) # 1)
                 WHERE hash = {blob.Hash} AND number = (SELECT max(number) FROM blob_chunks WHERE hash = {blob.Hash})
                 """,
                Cancellation);
            return blob.Hash;
        });
        using var models = new LoadedModels(service.Blobs, Options.Create(new ApiLimits()));

        await Assert.ThrowsAsync<InvalidDataException>(() => models.LeaseAsync(hash, Cancellation));
    }
}
