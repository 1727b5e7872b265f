using Microsoft.Extensions.Options;
using SparseService.Api.Models;

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
}
