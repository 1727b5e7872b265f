[assembly: AssemblyFixture(typeof(SparseService.Api.Tests.TrainedRun))]

namespace SparseService.Api.Tests;

/// <summary>A run that was trained to its end, for all tests that look at what remains of one.</summary>
public sealed class TrainedRun : IAsyncLifetime
{
    private readonly SemaphoreSlim once = new(1);
    private JsonNode? run;

    public async Task<JsonNode> GetAsync(ServiceFixture service)
    {
        await once.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return run ??= await TrainAsync(service);
        }
        finally
        {
            once.Release();
        }
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        once.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A run of one's own, for tests that change it.</summary>
    internal static async Task<JsonNode> TrainAsync(ServiceFixture service)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var created = await (
            await service.Submitter.PostAsync("/v1/runs", RunTests.Json(RunTests.Spec("trained", epochs: 3)), cancellation))
            .JsonAsync(HttpStatusCode.Created);
        _ = await Feed.ReadAsync(service, created.Id(), after: 0);
        var done = await (await service.Viewer.GetAsync($"/v1/runs/{created.Id()}", cancellation)).JsonAsync();
        Assert.True((string?)done["state"] == "succeeded", done.ToJsonString());
        return done;
    }
}
