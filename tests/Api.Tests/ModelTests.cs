using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SparseService.Api.Tests;

public sealed class ModelTests(ServiceFixture service, TrainedRun trained)
{
    private const int Features = 784;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_Trained_LeavesMetricsStatisticsAndCheckpoints()
    {
        var run = await trained.GetAsync(service);
        Assert.Equal((1.0, 3), ((double)run["progress"]!, (int)run["epochsDone"]!));
        var metrics = await (
            await service.Viewer.GetAsync($"/v1/runs/{run.Id()}/metrics?series=loss,testAccuracy", Cancellation)).JsonAsync();
        Assert.Equal([1, 2, 3], metrics["loss"]!.AsArray().Select(point => (int)point!["step"]!));
        Assert.Equal(3, metrics["testAccuracy"]!.AsArray().Count);

        var epochs = await (await service.Viewer.GetAsync($"/v1/runs/{run.Id()}/statistics/epochs", Cancellation)).JsonAsync();
        Assert.Equal([1, 2, 3], epochs.AsArray().Select(epoch => (int)epoch!));
        var newest = await (await service.Viewer.GetAsync($"/v1/runs/{run.Id()}/statistics", Cancellation)).JsonAsync();
        Assert.Equal(Features, newest["inputImportance"]!.AsArray().Count);
        Assert.Equal(2, newest["layers"]!.AsArray().Count);
        await (await service.Viewer.GetAsync($"/v1/runs/{run.Id()}/statistics?epoch=9", Cancellation)).RefusalAsync(404, "epoch");

        var checkpoints = await (await service.Viewer.GetAsync($"/v1/runs/{run.Id()}/checkpoints", Cancellation)).JsonAsync();
        Assert.Equal(3, (int)checkpoints["items"]![0]!["epoch"]!);
    }

    [Fact]
    public async Task Download_WholePartAndUnchanged_GivesTheBytesOfTheHash()
    {
        var run = await trained.GetAsync(service);
        var model = await (await service.Viewer.GetAsync($"/v1/models/{run["modelId"]}", Cancellation)).JsonAsync();
        var checkpoint = (
            await (await service.Viewer.GetAsync($"/v1/runs/{run.Id()}/checkpoints", Cancellation)).JsonAsync())["items"]![0]!;
        foreach (
            var (address, row) in new[] { ($"/v1/models/{model.Id()}/content", model), (
                $"/v1/checkpoints/{checkpoint.Id()}/content", checkpoint) })
        {
            using var whole = await service.Viewer.GetAsync(address, Cancellation);
            var bytes = await whole.Content.ReadAsByteArrayAsync(Cancellation);
            Assert.Equal((long)row["bytes"]!, bytes.Length);
            Assert.Equal((string?)row["contentHash"], Convert.ToHexStringLower(SHA256.HashData(bytes)));
            Assert.EndsWith(".safetensors", whole.Content.Headers.ContentDisposition?.FileName, StringComparison.Ordinal);

            using var part = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Range = new RangeHeaderValue(5, 104) } };
            using var partial = await service.Viewer.SendAsync(part, Cancellation);
            Assert.Equal(HttpStatusCode.PartialContent, partial.StatusCode);
            Assert.Equal(bytes[5..105], await partial.Content.ReadAsByteArrayAsync(Cancellation));

            using var again = new HttpRequestMessage(HttpMethod.Get, address);
            again.Headers.IfNoneMatch.Add(whole.Headers.ETag!);
            Assert.Equal(HttpStatusCode.NotModified, (await service.Viewer.SendAsync(again, Cancellation)).StatusCode);
        }
    }

    [Fact]
    public async Task Predict_JsonAndBinary_Agree()
    {
        var address = await PredictAddressAsync();
        var rows = Enumerable.Range(0, 3).Select(
            row => Enumerable.Range(0, Features).Select(i => (float)((i * (row + 3)) % 255)).ToArray()).ToArray();
        var json = await (await service.Viewer.PostAsJsonAsync(address, new { rows }, Cancellation)).JsonAsync();
        var predictions = json["predictions"]!.AsArray();
        Assert.Equal(3, predictions.Count);
        Assert.All(predictions, prediction => Assert.Equal(1, prediction!["probabilities"]!.AsArray().Sum(p => (double)p!), 4));

        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = Binary([.. rows.SelectMany(row => row)]) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/octet-stream"));
        var bytes = await (await service.Viewer.SendAsync(request, Cancellation)).Content.ReadAsByteArrayAsync(Cancellation);
        var binary = MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        Assert.Equal(predictions.SelectMany(prediction => prediction!["probabilities"]!.AsArray().Select(p => (float)p!)), binary);
    }

    [Theory]
    [InlineData("""{"rows":[[1,2,3]]}""", 422, "$.rows[0]")]
    [InlineData("""{"rows":[]}""", 422, "$.rows")]
    [InlineData("""{"rows":[["a"]]}""", 400, "$.rows[0][0]")]
    [InlineData("""{"rows":7}""", 400, "$.rows")]
    [InlineData("""{"row":[]}""", 400, "$.rows")]
    [InlineData("""{}""", 400, "$.rows")]
    [InlineData("""not json""", 400, "$")]
    public async Task Predict_BadJson_IsRefused(string body, int status, string path)
    {
        var content = new StringContent(body, Encoding.UTF8, "application/json");
        await (await service.Viewer.PostAsync(await PredictAddressAsync(), content, Cancellation)).RefusalAsync(status, path);
    }

    [Fact]
    public async Task Predict_BadBytes_IsRefused()
    {
        var address = await PredictAddressAsync();
        var short1 = Binary(new float[Features - 1]);
        await (await service.Viewer.PostAsync(address, short1, Cancellation)).RefusalAsync(422, "Content-Length");
        var values = new float[2 * Features];
        values[Features + 7] = float.NaN;
        await (await service.Viewer.PostAsync(address, Binary(values), Cancellation)).RefusalAsync(422, "$.rows[1][7]");
        var answerTooLarge = Binary(new float[101 * Features]); // Of ten outputs each.
        await (await service.Viewer.PostAsync(address, answerTooLarge, Cancellation)).RefusalAsync(422, "$.rows");
    }

    [Fact]
    public async Task Fork_WithMoreEpochs_ContinuesFromTheCheckpoint()
    {
        var run = await trained.GetAsync(service);
        var checkpoint = (Guid)run["lastCheckpointId"]!;
        async Task<HttpResponseMessage> ForkAsync(Guid id, int epochs) =>
            await service.Submitter.PostAsJsonAsync(
                $"/v1/runs/{run.Id()}/fork", new { checkpointId = id, name = "forked", epochs }, Cancellation);

        await (await ForkAsync(checkpoint, 0)).RefusalAsync(400, "$.epochs");
        await (await ForkAsync(checkpoint, 3)).RefusalAsync(422, "$.epochs");
        await (await ForkAsync(Guid.NewGuid(), 5)).RefusalAsync(422, "$.checkpointId");
        var fork = await (await ForkAsync(checkpoint, 5)).JsonAsync(HttpStatusCode.Created);
        var events = await Feed.ReadAsync(service, fork.Id(), after: 0);
        Assert.Equal([4, 5], events.Where(item => item.Kind == "epoch").Select(item => (int)item.Message["payload"]!["epoch"]!));
        Assert.Equal("succeeded", (string?)events[^1].Message["payload"]!["state"]);
    }

    private static ByteArrayContent Binary(float[] values) =>
        new(
            MemoryMarshal.AsBytes<float>(values).ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue(
                "application/octet-stream") } };

    private async Task<string> PredictAddressAsync() => $"/v1/models/{(await trained.GetAsync(service))["modelId"]}/predict";
}
