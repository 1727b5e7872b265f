using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;

namespace SparseService.Api.Tests;

[Collection(Alone.Name)]
public sealed class PredictionStreamTests(ServiceFixture service, TrainedRun trained)
{
    private const int Features = 784;
    private const string Ndjson = "application/x-ndjson";

    private static readonly float[][] Rows = [.. Enumerable.Range(0, 40).Select(
        row => Enumerable.Range(0, Features).Select(i => ((i * (row + 3)) % 255) + (row % 3 == 0 ? 0.25f : 0)).ToArray())];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Bodies => new()
    {
        { "application/json", $"{{\"rows\": [{string.Join(", ", Rows.Select(List))}]}}" },
        { Ndjson, string.Join("\n", Rows.Select(List)) },
        { Ndjson, string.Join("\r\n \r\n", Rows.Select(List)) + "\r\n" },
        { "text/csv", string.Join("\n", Rows.Select(Cells)) },
        { "text/csv; header=present", "\uFEFFpixels\r\n" + string.Join("\r\n", Rows.Select(Cells)) + "\r\n" },
        { "text/csv", string.Join("\n", Rows.Select(row => " " + Cells(row).Replace(",", " , +", StringComparison.Ordinal))) },
    };

    [Theory, MemberData(nameof(Bodies))]
    public async Task Predict_AnyFormat_AnswersALineForEachRow(string contentType, string body)
    {
        using var answer = await PostAsync(new StringContent(body), contentType, Ndjson);
        Assert.Equal(Ndjson, answer.Content.Headers.ContentType?.MediaType);
        var lines = await LinesAsync(answer);

        var whole = await (await service.Viewer.PostAsJsonAsync(await PathAsync(), new { rows = Rows }, Cancellation)).JsonAsync();
        Assert.Equal(whole["predictions"]!.AsArray().Select(one => one!.ToJsonString()), lines.Select(line => line.ToJsonString()));
    }

    [Fact]
    public async Task Predict_TenThousandRowsOfFloats_AreTheSameBitsAsInSmallParts()
    {
        var all = Enumerable.Range(0, 10_000).SelectMany(row => Rows[row % Rows.Length]).ToArray();
        using var answer = await PostAsync(Floats(all), "application/octet-stream", Ndjson);
        var lines = await LinesAsync(answer);
        Assert.Equal(10_000, lines.Count);
        using var part = await PostAsync(Floats(all[..(20 * Features)]), "application/octet-stream", Ndjson);
        Assert.Equal((await LinesAsync(part)).Select(line => line.ToJsonString()), lines[9960..9980].Select(line => line.ToJsonString()));
    }

    [Theory]
    [InlineData(Ndjson, "[1,2,3]", "row 1", "row 1 is 3 values; allowed: 784 values, the model's features", 1)]
    [InlineData(Ndjson, "@\n[1,x,3]", "field 2", "row 2, field 2 is x; allowed: a finite number", 2)]
    [InlineData(Ndjson, "@\n\n[1,\"7\",3]", "field 2", "row 2 (line 3), field 2 is \"7\"; allowed: a finite number", 2)]
    [InlineData(Ndjson, "[1,1e99]", "field 2", "row 1, field 2 is 1e99; allowed: a finite number", 1)]
    [InlineData(Ndjson, "[1,01]", "field 2", "row 1, field 2 is 01; allowed: a finite number", 1)]
    [InlineData(Ndjson, "[1,2", "field 2", "row 1, field 2 is followed by nothing; allowed: a number and then , or ]", 1)]
    [InlineData(Ndjson, "[1 2]", "field 1", "row 1, field 1 is 1 2]; allowed: a number and then , or ]", 1)]
    [InlineData(Ndjson, "[]", "row 1", "row 1 is 0 values; allowed: 784 values, the model's features", 1)]
    [InlineData(Ndjson, "[1,]", "field 2", "row 1, field 2 is (empty); allowed: a finite number", 1)]
    [InlineData(Ndjson, "[1] [2]", "row 1", "row 1 is followed by [2]; allowed: one list on each line", 1)]
    [InlineData(Ndjson, "{\"a\":1}", "row 1", "row 1 is {\"a\":1}; allowed: a list of 784 values", 1)]
    [InlineData("text/csv", "1,2,3", "row 1", "row 1 is 3 values; allowed: 784 values, the model's features", 1)]
    [InlineData("text/csv", "1,NaN,3", "field 2", "row 1, field 2 is NaN; allowed: a finite number", 1)]
    [InlineData("text/csv", "a,b", "field 1", "header=present", 1)]
    [InlineData("text/csv", "1,,3", "field 2", "row 1, field 2 is (empty); allowed: a finite number", 1)]
    [InlineData("text/csv; header=present", "a\n1,z", "field 2", "row 1 (line 2), field 2 is z; allowed: a finite number", 1)]
    public async Task Predict_BadRowBeforeAnyAnswer_IsRefusedByItsPlace(
        string contentType, string body, string path, string message, int row)
    {
        using var answer = await PostAsync(
            new StringContent(body.Replace("@", List(Rows[0]), StringComparison.Ordinal)), contentType, Ndjson);
        var problem = await answer.RefusalAsync(422, path);
        var fault = problem["errors"]![0]!;
        Assert.Contains(message, (string?)fault["message"], StringComparison.Ordinal);
        Assert.Equal(row, (int)fault["row"]!);
    }

    [Theory]
    [InlineData("application/json", "{\"rows\":[[1", 400, "$")]
    [InlineData("application/json", "{\"rows\":[],\"more\":1}", 400, "$.more")]
    [InlineData("application/json", "{\"rows\":[],\"rows\":[]}", 400, "$.rows")]
    [InlineData("application/json", "[]", 400, "$")]
    [InlineData("application/json", "{\"rows\":[1]}", 400, "$.rows[0]")]
    [InlineData("application/json", "{\"rows\":[[1,1e99]]}", 422, "$.rows[0][1]")]
    [InlineData(Ndjson, "", 422, "$.rows")]
    [InlineData("text/csv", "\n\n", 422, "$.rows")]
    public async Task Predict_BodyThatCannotBe_IsRefused(string contentType, string body, int status, string path)
    {
        using var streamed = await PostAsync(new StringContent(body), contentType, Ndjson);
        await streamed.RefusalAsync(status, path);
        using var whole = await PostAsync(new StringContent(body), contentType, "application/json");
        await whole.RefusalAsync(status, path);
    }

    [Fact]
    public async Task Predict_EndlessLine_IsRefusedAtItsLimit()
    {
        using var answer = await PostAsync(new StringContent("[" + new string('1', 100_000)), Ndjson, Ndjson);
        var problem = await answer.RefusalAsync(422, "row 1");
        Assert.Contains("at most 50176 bytes", (string?)problem["errors"]![0]!["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json", "$.rows[3000][1]", null)]
    [InlineData(Ndjson, "field 2", 3001)]
    [InlineData("text/csv", "field 2", 3001)]
    public async Task Predict_BadRowInMidStream_IsTheLastLine(string contentType, string path, int? row)
    {
        var isJson = contentType == "application/json";
        var isCsv = contentType == "text/csv";
        using var duplex = await DuplexCall.StartAsync(service, await PathAsync(), contentType);
        await duplex.SendAsync(isJson ? "{\"rows\":[" : "");
        for (var at = 0; at < 3000; at++)
        {
            await duplex.SendAsync((isCsv ? Cells(Rows[at % Rows.Length]) : List(Rows[at % Rows.Length])) + (isJson ? "," : "\n"));
        }

        Assert.Contains("probabilities", await duplex.ReadLineAsync(), StringComparison.Ordinal);
        await duplex.SendAsync(isCsv ? "1,oops\n" : "[1,\"oops\"]\n");
        for (var at = 1; at < 3000; at++)
        {
            Assert.Contains("probabilities", await duplex.ReadLineAsync(), StringComparison.Ordinal);
        }

        var error = JsonNode.Parse((await duplex.ReadLineAsync())!)!["error"]!;
        var fault = error["errors"]![0]!;
        Assert.Equal((path, row), ((string?)fault["path"], (int?)fault["row"]));
        Assert.Equal(isJson ? 400 : 422, (int)error["status"]!);
        Assert.Contains("oops", (string?)fault["value"], StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty((string?)error["traceId"]));
        Assert.Null(await duplex.ReadLineAsync());
    }

    [Fact]
    public async Task Predict_RowByRow_AnswersEachBeforeTheNextIsSent()
    {
        using var duplex = await DuplexCall.StartAsync(service, await PathAsync(), Ndjson);
        for (var row = 0; row < 5; row++)
        {
            await duplex.SendAsync(List(Rows[row]) + "\n");
            Assert.Contains("probabilities", await duplex.ReadLineAsync(), StringComparison.Ordinal);
        }
    }

    // A caller that sends and does not read must be held up, and its leaving must end the work.
    [Fact]
    public async Task Predict_ReaderThatStops_HoldsTheSenderAndLeavingEndsIt()
    {
        var row = MemoryMarshal.AsBytes<float>(Rows[0]).ToArray();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var sent = 0L;
        using (var duplex = await DuplexCall.StartAsync(service, await PathAsync(), "application/octet-stream"))
        {
            // Without a limit this would take everything.
            for (; sent < 2_000_000; sent++)
            {
                if (!await duplex.TrySendAsync(row, TimeSpan.FromSeconds(2)))
                {
                    break;
                }
            }

            Assert.InRange(sent, 1, 1_000_000);
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 48 << 20);
        }

        var rows = await PredictedAsync();
        for (var again = await PredictedAsync(); again != rows; again = await PredictedAsync())
        {
            rows = again;
        }

        Assert.InRange(rows, 1, double.MaxValue);
    }

    [Fact]
    public async Task Predict_LongStream_TakesNoMemoryForItsLength()
    {
        const int Count = 60_000;
        var row = MemoryMarshal.AsBytes<float>(Rows[0]).ToArray();
        using var duplex = await DuplexCall.StartAsync(service, await PathAsync(), "application/octet-stream");
        var sending = Task.Run(
            async () =>
            {
                for (var at = 0; at < Count; at++)
                {
                    await duplex.SendAsync(row);
                }
            },
            Cancellation);
        var (first, most) = (GC.GetTotalMemory(forceFullCollection: true), 0L);
        for (var at = 0; at < Count; at++)
        {
            Assert.Contains("probabilities", await duplex.ReadLineAsync(), StringComparison.Ordinal);
            most = at % 10_000 == 0 ? Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - first) : most;
        }

        await sending;
        Assert.InRange(most, long.MinValue, 48 << 20); // 188 MB have passed.
    }

    private static string List(float[] row) => $"[{Cells(row)}]";

    private static string Cells(float[] row) => string.Join(',', row.Select(value => value.ToString(CultureInfo.InvariantCulture)));

    private static ByteArrayContent Floats(float[] values) => new(MemoryMarshal.AsBytes<float>(values).ToArray());

    private static async Task<List<JsonNode>> LinesAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.IsSuccessStatusCode, text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    private async Task<double> PredictedAsync()
    {
        await Task.Delay(200, Cancellation);
        var text = await service.Viewer.GetStringAsync("/metrics", Cancellation);
        var line = text.Split('\n').Single(line => line.StartsWith("sparse_predictions_rows_total ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private async Task<HttpResponseMessage> PostAsync(HttpContent body, string contentType, string accept)
    {
        body.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        using var request = new HttpRequestMessage(HttpMethod.Post, await PathAsync()) { Content = body };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        return await service.Viewer.SendAsync(request, Cancellation);
    }

    private async Task<string> PathAsync() => $"/v1/models/{(await trained.GetAsync(service))["modelId"]}/predict";
}
