namespace SparseService.Api.Tests;

public sealed class AdminTests(ServiceFixture service, TrainedRun trained)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Storage_AfterARun_AccountsForWhatItLeft()
    {
        var run = await trained.GetAsync(service);
        var storage = await (await service.Admin.GetAsync("/v1/admin/storage", Cancellation)).JsonAsync();
        var kinds = storage["kinds"]!.AsArray().ToDictionary(kind => (string)kind!["kind"]!, kind => (long)kind!["bytes"]!);
        Assert.Equal(
            ["checkpoints", "datasets", "events", "metrics", "models", "statistics", "unused", "uploads"], kinds.Keys.Order());
        Assert.Equal(kinds.Values.OrderDescending(), kinds.Values);
        var model = await (await service.Viewer.GetAsync($"/v1/models/{run["modelId"]}", Cancellation)).JsonAsync();
        Assert.True(kinds["models"] >= (long)model["bytes"]!, storage.ToJsonString());
        Assert.True((long)storage["databaseBytes"]! > kinds["models"]);
        var sizes = storage["largest"]!.AsArray().Select(item => (long)item!["bytes"]!).ToList();
        Assert.InRange(sizes.Count, 1, 10);
        Assert.Equal(sizes.OrderDescending(), sizes);
    }

    [Fact]
    public async Task Queue_WithWorkersBusy_SaysWhoWaitsAndWhoHoldsWhat()
    {
        await using var alone = new ServiceFixture { IsShared = false, Settings = { ["Worker:Slots"] = "1" } };
        await alone.InitializeAsync();
        await alone.Admin.GlyphsAsync("tiny glyphs");
        var ids = new List<Guid>();
        foreach (var name in new[] { "first", "second", "third" })
        {
            var spec = RunTests.Json(RunTests.Spec(name, epochs: 50_000));
            ids.Add((await (await alone.Submitter.PostAsync("/v1/runs", spec, Cancellation)).JsonAsync(HttpStatusCode.Created)).Id());
        }

        JsonNode queue;
        do
        {
            await Task.Delay(20, Cancellation);
            queue = await (await alone.Admin.GetAsync("/v1/admin/queue", Cancellation)).JsonAsync();
        }
        while (queue["held"]!.AsArray().Count == 0);

        var held = Assert.Single(queue["held"]!.AsArray())!;
        var workers = await (await alone.Viewer.GetAsync("/v1/workers", Cancellation)).JsonAsync();
        Assert.Equal((string?)Assert.Single(workers["items"]!.AsArray())!["name"], (string?)held["worker"]);
        Assert.Equal((ids[0], 50_000, 1), (held.Id(), (int)held["epochsTotal"]!, (int)queue["slots"]!));
        Assert.Equal(ids.Skip(1), queue["waiting"]!.AsArray().Select(run => run!.Id()));
        Assert.Equal([1, 2], queue["waiting"]!.AsArray().Select(run => (int)run!["place"]!));
        Assert.Equal(2, (int)queue["waitingTotal"]!);
        Assert.All(queue["waiting"]!.AsArray(), run => Assert.InRange((double)run!["waitingSeconds"]!, 0, 600));
    }

    [Fact]
    public async Task Key_WithAnEnd_StopsWorkingThenAndCannotBeTheLastAdmin()
    {
        await (await service.Admin.PostAsJsonAsync(
            "/v1/keys", new { name = "late", role = "viewer", expiresAt = "2020-01-01T00:00:00Z" }, Cancellation))
            .RefusalAsync(400, "$.expiresAt");
        var created = await (await service.Admin.PostAsJsonAsync(
            "/v1/keys", new { name = "guest", role = "admin", expiresAt = "2999-01-01T00:00:00+02:00" }, Cancellation))
            .JsonAsync(HttpStatusCode.Created);
        var guest = service.ClientWith((string)created["secret"]!);
        Assert.Equal(HttpStatusCode.OK, (await guest.GetAsync("/v1/keys/self", Cancellation)).StatusCode);
        Assert.Equal(new DateTimeOffset(2998, 12, 31, 22, 0, 0, TimeSpan.Zero), (DateTimeOffset)created["key"]!["expiresAt"]!);

        var id = (Guid)created["key"]!["id"]!;
        await service.InDatabaseAsync(async db =>
        {
            var key = await db.ApiKeys.FindAsync([id], Cancellation);
            key!.ExpiresAt = DateTimeOffset.UnixEpoch;
            return await db.SaveChangesAsync(Cancellation);
        });
        await (await guest.GetAsync("/v1/keys/self", Cancellation)).RefusalAsync(401, "Authorization");
    }
}
