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

    [Fact]
    public async Task Partition_OfASpec_CountsWhatRanksWouldExchange()
    {
        var spec = Spec("null", "[50, 300, 300, 10]");
        var report = await (await PostAsync("partition?parts=8&imbalance=0.05", spec)).JsonAsync();
        Assert.Equal((8, 0.05), ((int)report["parts"]!, (double)report["allowedImbalance"]!));
        Assert.Equal(["hypergraph", "random", "block"], report["partitions"]!.AsArray().Select(partition => (string?)partition!["kind"]));
        var (cut, random) = (report["partitions"]![0]!, report["partitions"]![1]!);
        Assert.InRange((long)cut["words"]!, 1, (long)random["words"]! - 1);
        Assert.Equal([0, null, null], cut["layers"]!.AsArray().Select(layer => (long)layer!["words"]! == 0 ? 0L : (long?)null));
        Assert.Equal((long)cut["words"]!, cut["layers"]!.AsArray().Sum(layer => (long)layer!["words"]!));
        Assert.InRange((double)cut["layers"]![1]!["imbalance"]!, 0, 0.05);

        spec["training"]!["parallel"] = JsonNode.Parse("""{ "method": "partitioned", "workers": 3, "partition": { "kind": "block" } }""");
        report = await (await PostAsync("partition", spec)).JsonAsync();
        Assert.Equal((3, "block"), ((int)report["parts"]!, (string?)report["partitions"]![0]!["kind"]));
    }

    [Fact]
    public async Task Partition_OfAPartitionAwareSpec_CountsTheConnectionsThatItsRunStartsFrom()
    {
        var spec = Spec("null", "[50, 300, 300, 10]");
        spec["training"]!["parallel"] = JsonNode.Parse(
            """{ "method": "partitioned", "workers": 3, "partition": { "kind": "block", "ownColumns": 1 } }""");
        foreach (var query in (string[])["partition", "partition?parts=5"])
        {
            // All connections of the second layer lie inside the blocks, so that nothing travels to it.
            var layer = (await (await PostAsync(query, spec)).JsonAsync())["partitions"]![0]!["layers"]![1]!;
            Assert.Equal(0, (long)layer["words"]!);
            Assert.True((long)layer["nnz"]! > 0);
        }
    }

    [Theory]
    [InlineData("", "[784, 300, 10]", 400, "parts")]
    [InlineData("parts=0", "[784, 300, 10]", 400, "parts")]
    [InlineData("parts=257", "[784, 300, 10]", 400, "parts")]
    [InlineData("parts=4&imbalance=1.5", "[784, 300, 10]", 400, "imbalance")]
    [InlineData("parts=4&imbalance=NaN", "[784, 300, 10]", 400, "imbalance")]
    [InlineData("parts=4&kind=best", "[784, 300, 10]", 400, "kind")]
    [InlineData("parts=2", "[50000, 50000, 10]", 422, "$.training.network")]
    [InlineData("parts=256", "[10000, 5000, 2]", 422, "parts")]
    public async Task Partition_BeyondWhatIsCutHere_NamesWhatIsAllowed(string query, string layers, int status, string path) =>
        await (await PostAsync("partition?" + query, Spec("null", layers))).RefusalAsync(status, path);

    private Task<HttpResponseMessage> PostAsync(string route, JsonNode spec) =>
        service.Viewer.PostAsync("/v1/topologies/" + route, RunTests.Json(spec), Cancellation);

    private static JsonNode Spec(string dataset, string layers) => JsonNode.Parse(
        $$"""
        { "dataset": {{dataset}}, "training": { "batchSize": 10, "network": { "layers": {{layers}}, "topology": { "epsilon": 10 } } } }
        """)!;
}
