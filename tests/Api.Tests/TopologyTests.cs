namespace SparseService.Api.Tests;

public sealed class TopologyTests(ServiceFixture service)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Preview_OfGeneratedDataset_KnowsItsSizesBeforeItIsMade()
    {
        var spec = Spec("""{ "generated": { "kind": "madelon", "trainSamples": 997 } }""", "[500, 400, 2]");
        var forecast = await (await PostAsync("preview", spec)).JsonAsync();
        Assert.True((double)forecast["secondsPerEpoch"]! > 0);
        Assert.True((double)forecast["flopsPerEpoch"]! < (double)forecast["denseFlopsPerEpoch"]!);
        Assert.True((long)forecast["trainingBytes"]! < (double)forecast["denseTrainingBytes"]!);
        Assert.Empty(forecast["warnings"]!.AsArray());

        spec = Spec("""{ "generated": { "kind": "madelon" } }""", "[784, 400, 10]");
        await (await PostAsync("preview", spec)).RefusalAsync(422, "$.training.network.layers[0]");
        await (await service.Submitter.PostAsync("/v1/runs", RunTests.Json(spec), Cancellation))
            .RefusalAsync(422, "$.training.network.layers[0]");
    }

    [Fact]
    public async Task Preview_OfDatasetThatIsNotHere_ForecastsAndWarns()
    {
        var forecast = await (await PostAsync("preview", Spec("""{ "name": "to be uploaded" }""", "[12, 30, 3]"))).JsonAsync();
        Assert.Equal(2, forecast["layers"]!.AsArray().Count);
        Assert.Null(forecast["secondsPerEpoch"]);
        Assert.Equal("$.dataset.name", (string?)forecast["warnings"]!.AsArray().Single()!["path"]);
        await (await PostAsync($"preview?datasetId={Guid.NewGuid()}", Spec("null", "[12, 30, 3]"))).RefusalAsync(422, "datasetId");
    }

    [Fact]
    public async Task Preview_OfMoreThanTheMachineMayUse_ForecastsAndWarns()
    {
        var forecast = await (await PostAsync("preview", Spec("null", "[20000000, 20000000, 20000000, 2]"))).JsonAsync();
        Assert.False((bool)forecast["layers"]![0]!["exact"]!);
        Assert.Equal("$.training.network", (string?)forecast["warnings"]!.AsArray().Single()!["path"]);
    }

    [Fact]
    public async Task Spy_OfAPartOfALayer_CountsTheConnectionsOfThatPart()
    {
        var spec = Spec("""{ "name": "any" }""", "[784, 300, 10]");
        var forecast = await (await PostAsync("preview", spec)).JsonAsync();
        var whole = await (await PostAsync("spy?layer=1", spec)).JsonAsync();
        Assert.Equal((long)forecast["layers"]![0]!["nnz"]!, (long)whole["nnz"]!);
        Assert.Equal((256, 256), ((int)whole["gridRows"]!, (int)whole["gridColumns"]!));
        Assert.Equal((long)whole["nnz"]!, whole["counts"]!.AsArray().Sum(count => (long)count!));

        var part = await (await PostAsync("spy?layer=1&firstInput=100&inputs=50&firstOutput=290&outputs=10", spec)).JsonAsync();
        Assert.Equal((10, 50), ((int)part["gridRows"]!, (int)part["gridColumns"]!));
        Assert.Equal(500, part["counts"]!.AsArray().Count);
        Assert.Equal((100, 290), ((int)part["window"]!["firstInput"]!, (int)part["window"]!["firstOutput"]!));
    }

    [Theory]
    [InlineData("layer=0", 400, "layer")]
    [InlineData("layer=3", 400, "layer")]
    [InlineData("layer=1&firstInput=-1", 400, "firstInput")]
    [InlineData("layer=1&firstInput=784", 400, "firstInput")]
    [InlineData("layer=1&firstInput=700&inputs=85", 400, "inputs")]
    [InlineData("layer=1&inputs=2147483647&firstInput=1", 400, "inputs")]
    [InlineData("layer=1&outputs=0", 400, "outputs")]
    [InlineData("layer=1&firstOutput=300", 400, "firstOutput")]
    [InlineData("layer=1&cells=257", 400, "cells")]
    [InlineData("layer=first", 400, "layer")]
    public async Task Spy_OutsideOfTheLayer_NamesWhatIsAllowed(string query, int status, string path) =>
        await (await PostAsync("spy?" + query, Spec("null", "[784, 300, 10]"))).RefusalAsync(status, path);

    [Fact]
    public async Task Spy_OfAHugeLayer_IsRefusedAtOnce() =>
        await (await PostAsync("spy?layer=1", Spec("null", "[10000000, 10000000, 2]"))).RefusalAsync(422, "$.training.network.layers[1]");

    private Task<HttpResponseMessage> PostAsync(string route, JsonNode spec) =>
        service.Viewer.PostAsync("/v1/topologies/" + route, RunTests.Json(spec), Cancellation);

    private static JsonNode Spec(string dataset, string layers) => JsonNode.Parse(
        $$"""
        { "dataset": {{dataset}}, "training": { "batchSize": 10, "network": { "layers": {{layers}}, "topology": { "epsilon": 10 } } } }
        """)!;
}
