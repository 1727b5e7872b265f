using SparseService.Persistence.Entities;

namespace SparseService.Api.Tests;

public sealed class PromotionTests(ServiceFixture service, TrainedRun trained)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Promote_AnEarlierCheckpoint_IsAModelThatPredictsAndIsMadeOnce()
    {
        var (run, checkpoint) = await EarlierCheckpointAsync(await TrainedRun.TrainAsync(service));
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(
            _ => service.Submitter.PostAsJsonAsync($"/v1/checkpoints/{checkpoint.Id()}/promote", new { name = "early" }, Cancellation)));
        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.Created);
        var models = await Task.WhenAll(answers.Select(answer => answer.JsonAsync(answer.StatusCode)));
        var model = models[0];
        Assert.All(models, other => Assert.Equal(model.Id(), other.Id()));
        Assert.Equal(("early", (int)checkpoint["epoch"]!), ((string?)model["name"], (int)model["epoch"]!));
        Assert.Equal((long)checkpoint["nnz"]!, (long)model["nnz"]!);
        Assert.NotEqual((Guid)run["modelId"]!, model.Id());

        var result = await (await service.Viewer.GetAsync($"/v1/models/{run["modelId"]}", Cancellation)).JsonAsync();
        Assert.Equal((long)result["denseBytes"]!, (long)model["denseBytes"]!);
        Assert.Equal((string?)result["image"]?.ToJsonString(), model["image"]?.ToJsonString());
        var rows = new { rows = new[] { new float[(int)model["features"]!] } };
        var answered = await (await service.Viewer.PostAsJsonAsync($"/v1/models/{model.Id()}/predict", rows, Cancellation)).JsonAsync();
        Assert.Single(answered["predictions"]!.AsArray());

        // The stream ends all the same.
        var (_, kind, told) = (await Feed.ReadAsync(service, run.Id(), after: 0))[^1];
        Assert.Equal(("model", model.Id()), (kind, (Guid)told["payload"]!["modelId"]!));
        Assert.Equal(checkpoint.Id(), (Guid)told["payload"]!["checkpointId"]!);
        var seen = await (await service.Viewer.GetAsync($"/v1/checkpoints/{checkpoint.Id()}", Cancellation)).JsonAsync();
        Assert.Equal(model.Id(), (Guid)seen["modelId"]!);
    }

    [Fact]
    public async Task Promote_TheLastCheckpoint_IsTheRunsOwnModel()
    {
        var run = await trained.GetAsync(service);
        var model = await (await service.Submitter.PostAsync($"/v1/checkpoints/{run["lastCheckpointId"]}/promote", null, Cancellation))
            .JsonAsync();
        Assert.Equal((Guid)run["modelId"]!, model.Id());
    }

    [Fact]
    public async Task Promote_OfAnothersRunOrWithABadName_IsRefused()
    {
        var (_, checkpoint) = await EarlierCheckpointAsync(await trained.GetAsync(service));
        var address = $"/v1/checkpoints/{checkpoint.Id()}/promote";
        var stranger = service.ClientWith(await service.CreateKeyAsync("a stranger", ApiRole.Submitter));
        await (await stranger.PostAsync(address, null, Cancellation)).RefusalAsync(403, "id");
        await (await service.Submitter.PostAsJsonAsync(address, new { name = "a/b" }, Cancellation)).RefusalAsync(400, "$.name");
        await (await service.Submitter.PostAsJsonAsync(address, new { nane = "x" }, Cancellation)).RefusalAsync(400, "$.nane");
    }

    private async Task<(JsonNode Run, JsonNode Checkpoint)> EarlierCheckpointAsync(JsonNode run)
    {
        var list = await (await service.Viewer.GetAsync($"/v1/runs/{run.Id()}/checkpoints", Cancellation)).JsonAsync();
        return (run, list["items"]!.AsArray()[^1]!);
    }
}
