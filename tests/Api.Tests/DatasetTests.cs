using Microsoft.EntityFrameworkCore;
using static SparseService.Api.Tests.Uploading;

namespace SparseService.Api.Tests;

public sealed class DatasetTests(ServiceFixture service)
{
    private const string Csv = "a,b,label\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Format, then role=bytes; every file arrives whole, and is not what it claims to be.</summary>
    public static TheoryData<string, string, string[], byte[][]> HostileFiles => new()
    {
        { "truncated gzip", "csv", ["train"], [Gzip(Text(string.Concat(Enumerable.Repeat(Csv, 50))))[..60]] },
        { "gzip with a wrong checksum", "csv", ["train"], [Broken(Gzip(Text(Csv)), fromEnd: 6)] },
        { "gzip that expands without bound", "csv", ["train"], [Gzip(new byte[50_000_000])] },
        { "text that expands beyond the limit", "csv", ["train"], [Gzip(Text(string.Concat(Enumerable.Repeat("1.25,2.5,x\n", 400_000))))] },
        { "ragged row", "csv", ["train"], [Text("a,b,label\n1,2,x\n3,y\n")] },
        { "row with too many values", "csv", ["train"], [Text("a,b,label\n1,2,x\n3,4,5,y\n")] },
        { "NaN", "csv", ["train"], [Text("a,b,label\n1,NaN,x\n3,4,y\n")] },
        { "infinity", "csv", ["train"], [Text("a,b,label\n1,inf,x\n3,4,y\n")] },
        { "a word where a number belongs", "csv", ["train"], [Text("a,b,label\n1,2,x\n3,four,y\n")] },
        { "open quote", "csv", ["train"], [Text("a,b,label\n1,\"2,x\n3,4,y\n")] },
        { "header without rows", "csv", ["train"], [Text("a,b,label\n")] },
        { "binary noise", "csv", ["train"], [[.. Enumerable.Range(0, 300).Select(i => (byte)(i * 37))]] },
        { "test part of another width", "csv", ["train", "test"], [Text(Csv), Text("a,b,c,label\n1,2,3,x\n")] },
        { "label that only the test part has", "csv", ["train", "test"], [Text(Csv), Text("a,b,label\n1,2,z\n")] },
        { "index 0", "libSvm", ["train"], [Text("1 0:5\n2 1:3\n")] },
        { "indices that fall", "libSvm", ["train"], [Text("1 3:5 2:1\n2 1:3\n")] },
        { "index beyond the limit", "libSvm", ["train"], [Text("1 999999999:5\n2 1:3\n")] },
        { "pair without a value", "libSvm", ["train"], [Text("1 3:\n2 1:3\n")] },
        { "wrong magic", "idx", ["trainSamples", "trainLabels"], [Text("not an idx file at all"), Idx(1, [2], 2)] },
        { "fewer bytes than rows", "idx", ["trainSamples", "trainLabels"], [Idx(3, [4, 2, 2], 15), Idx(1, [4], 4)] },
        { "more bytes than rows", "idx", ["trainSamples", "trainLabels"], [Idx(3, [4, 2, 2], 17), Idx(1, [4], 4)] },
        { "rows beyond any file", "idx", ["trainSamples", "trainLabels"], [
            Idx(3, [int.MaxValue, 1000, 1000], 16), Idx(1, [int.MaxValue], 4)] },
        { "more labels than samples", "idx", ["trainSamples", "trainLabels"], [Idx(3, [4, 2, 2], 16), Idx(1, [5], 5)] },
        { "no zip", "npz", ["train"], [Text("PK but not really a zip archive")] },
        { "no npy", "npy", ["trainSamples", "trainLabels"], [Text("\u0093NUMPX\u0001\0"), Text("x")] },
        { "ragged matrix", "matrix", ["trainSamples", "trainLabels"], [Text("1 2 3\n4 5\n"), Text("1\n-1\n")] },
    };

    [Fact]
    public async Task Columns_OfTable_SayHowTheirValuesAreSpread()
    {
        var upload = await service.Submitter.UploadAsync(Text(Csv));
        var made = await service.Submitter.CreateDatasetAsync("spread", "csv", ("train", upload));
        var dataset = await made.JsonAsync(HttpStatusCode.Created);
        var address = $"/v1/datasets/{dataset.Id()}/columns";
        var answer = await (await service.Viewer.GetAsync(address, Cancellation)).JsonAsync();
        Assert.Equal((4, 2), ((int)answer["rowsRead"]!, (int)answer["total"]!));
        Assert.Equal(["a", "b"], answer["columns"]!.AsArray().Select(column => (string?)column!["name"]));
        Assert.Equal([1, 0, 1, 0, 1, 0, 1], answer["columns"]![0]!["histogram"]!.AsArray().Select(bin => (int)bin!));

        answer = await (await service.Viewer.GetAsync(address + "?first=1&count=50", Cancellation)).JsonAsync();
        Assert.Equal(1, (int)answer["columns"]!.AsArray().Single()!["column"]!);
        await (await service.Viewer.GetAsync(address + "?first=2", Cancellation)).RefusalAsync(400, "first");
        await (await service.Viewer.GetAsync(address + "?count=101", Cancellation)).RefusalAsync(400, "count");

        var rows = await service.Viewer.GetAsync($"/v1/datasets/{dataset.Id()}/preview?first=2&rows=9", Cancellation);
        var preview = await rows.JsonAsync();
        Assert.Equal([2, 3], preview["rows"]!.AsArray().Select(row => (int)row!["row"]!));
        await (await service.Viewer.GetAsync($"/v1/datasets/{dataset.Id()}/preview?first=4", Cancellation)).RefusalAsync(400, "first");
    }

    [Theory, MemberData(nameof(HostileFiles))]
    public async Task Create_HostileFile_IsRefusedWithFieldValueAndAllowed(string what, string format, string[] roles, byte[][] files)
    {
        var uploads = new List<(string Role, Guid Upload)>();
        for (var i = 0; i < roles.Length; i++)
        {
            uploads.Add((roles[i], await service.Submitter.UploadAsync(files[i])));
        }

        var name = $"hostile {what}";
        var response = await service.Submitter.CreateDatasetAsync(name, format, [.. uploads]);
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!;
        var fault = problem["errors"]?.AsArray().SingleOrDefault();
        Assert.True(fault is not null, $"{what}: {problem}");
        await response.RefusalAsync(422, (string)fault["path"]!);

        // The uploads stay for another try, and nothing else does.
        Assert.False(await service.InDatabaseAsync(db => db.Datasets.AnyAsync(dataset => dataset.Name == name)));
        foreach (var (_, upload) in uploads)
        {
            Assert.Equal(HttpStatusCode.NoContent, (await service.Submitter.DeleteAsync($"/v1/uploads/{upload}", Cancellation)).StatusCode);
        }
    }

    [Theory]
    [InlineData("""{"format":"csv","files":{}}""", "$.name", 400)]
    [InlineData("""{"name":"x","format":"parquet","files":{}}""", "$.format", 400)]
    [InlineData("""{"name":"x","format":"csv","files":{}}""", "$.files.train", 400)]
    [InlineData("""{"name":"x","format":"csv","files":{"train":"7"}}""", "$.files.train", 400)]
    [InlineData("""{"name":"x","format":"csv","files":{"train":"%I","extra":"%J"}}""", "$.files.extra", 400)]
    [InlineData("""{"name":"x","format":"idx","files":{"trainSamples":"%I"}}""", "$.files.trainLabels", 400)]
    [InlineData("""{"name":"x","format":"idx","files":{"trainSamples":"%I","trainLabels":"%I"}}""", "$.files.trainLabels", 400)]
    [InlineData("""{"name":"x","format":"csv","files":{"train":"%I"}}""", "$.files.train", 422)]
    [InlineData("""{"name":"glyphs:1:1:1","format":"csv","files":{"train":"%I"}}""", "$.name", 400)]
    [InlineData("""{"name":"x","format":"csv","labelColumn":"","files":{"train":"%I"}}""", "$.labelColumn", 400)]
    public async Task Create_BadRequest_NamesFieldValueAndAllowed(string body, string path, int status)
    {
        body = body.Replace(
            "%I", Guid.NewGuid().ToString(), StringComparison.Ordinal).Replace("%J", Guid.NewGuid().ToString(), StringComparison.Ordinal);
        var response = await service.Submitter.PostAsync(
            "/v1/datasets", new StringContent(body, Encoding.UTF8, "application/json"), Cancellation);
        await response.RefusalAsync(status, path);
    }

    [Fact]
    public async Task Create_UploadNotCompletedOrOfAnotherKey_IsRefused()
    {
        var open = await service.Submitter.UploadAsync(Text(Csv), complete: false);
        await (await service.Submitter.CreateDatasetAsync("open", "csv", ("train", open))).RefusalAsync(422, "$.files.train");
        var foreign = await service.Admin.UploadAsync(Text(Csv));
        await (await service.Submitter.CreateDatasetAsync("foreign", "csv", ("train", foreign))).RefusalAsync(422, "$.files.train");
        await service.Admin.DeleteAsync($"/v1/uploads/{open}", Cancellation);
        await service.Admin.DeleteAsync($"/v1/uploads/{foreign}", Cancellation);
    }

    [Fact]
    public async Task Create_SameContentAgain_IsTheSameVersionAndOtherContentTheNext()
    {
        async Task<HttpResponseMessage> CreateAsync(string text) =>
            await service.Submitter.CreateDatasetAsync("versions", "csv", ("train", await service.Submitter.UploadAsync(Text(text))));

        var first = await (await CreateAsync(Csv)).JsonAsync(HttpStatusCode.Created);
        var again = await (await CreateAsync(Csv)).JsonAsync();
        var next = await (await CreateAsync(Csv + "9,9,x\n")).JsonAsync(HttpStatusCode.Created);

        Assert.Equal(first.Id(), again.Id());
        Assert.Equal(1, (int)first["version"]!);
        Assert.Equal(2, (int)next["version"]!);
        Assert.Equal(["x", "y"], first["classNames"]!.AsArray().Select(name => (string?)name));
        Assert.Equal([2, 2], first["classCounts"]!.AsArray().Select(count => (int)count!));
        Assert.Equal((4, 2), ((int)first["rows"]!, (int)first["features"]!));
        Assert.Equal(64, ((string)first["contentHash"]!).Length);

        foreach (var dataset in new[] { first, next })
        {
            Assert.Equal(
                HttpStatusCode.NoContent, (await service.Submitter.DeleteAsync($"/v1/datasets/{dataset.Id()}", Cancellation)).StatusCode);
        }
    }

    [Fact]
    public async Task Preview_OfImages_GivesShapeRowsAndLabels()
    {
        var dataset = await service.Submitter.GlyphsAsync("glyphs to look at");
        Assert.Equal((28, 28, 1), ((int)dataset["imageHeight"]!, (int)dataset["imageWidth"]!, (int)dataset["imageChannels"]!));
        Assert.Equal((60, 20, 10), ((int)dataset["trainRows"]!, (int)dataset["testRows"]!, (int)dataset["classes"]!));

        var preview = await (await service.Viewer.GetAsync($"/v1/datasets/{dataset.Id()}/preview?rows=3", Cancellation)).JsonAsync();
        Assert.Equal(28, (int)preview["image"]!["height"]!);
        Assert.Equal(3, preview["rows"]!.AsArray().Count);
        Assert.All(preview["rows"]!.AsArray(), row => Assert.Equal(784, row!["features"]!.AsArray().Count));
        Assert.InRange((double)preview["statistics"]!["maximum"]!, 1, 255);
        await (await service.Viewer.GetAsync($"/v1/datasets/{dataset.Id()}/preview?rows=0", Cancellation)).RefusalAsync(400, "rows");
        await (await service.Viewer.GetAsync($"/v1/datasets/{dataset.Id()}/preview?rows=many", Cancellation)).RefusalAsync(400, "rows");
    }

    [Fact]
    public async Task Delete_OfAnotherKey_IsForbidden()
    {
        var dataset = await service.Admin.GlyphsAsync("the admin's");
        await (await service.Submitter.DeleteAsync($"/v1/datasets/{dataset.Id()}", Cancellation)).RefusalAsync(403, "id");
        Assert.Equal(HttpStatusCode.NoContent, (await service.Admin.DeleteAsync($"/v1/datasets/{dataset.Id()}", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task List_WhileRowsAppear_ShowsEachOnceAndHidesNone()
    {
        var names = Enumerable.Range(0, 7).Select(i => $"page {i}").ToList();
        foreach (var name in names)
        {
            await service.Submitter.GlyphsAsync(name, trainSamples: 10, testSamples: 10);
        }

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await (
                await service.Viewer.GetAsync(
                    $"/v1/datasets?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}", Cancellation)).JsonAsync();
            Assert.InRange(page["items"]!.AsArray().Count, 1, 2);
            seen.AddRange(page["items"]!.AsArray().Select(item => (string)item!["name"]!));
            cursor = (string?)page["nextCursor"];
            await service.Submitter.GlyphsAsync($"inserted {seen.Count}", trainSamples: 10, testSamples: 10);
        }
        while (cursor is not null);

        Assert.Equal(names.AsEnumerable().Reverse(), seen.Where(name => name.StartsWith("page ", StringComparison.Ordinal)));
        Assert.Equal(seen.Count, seen.Distinct().Count());
    }

    private static byte[] Broken(byte[] bytes, int fromEnd)
    {
        bytes[^fromEnd] ^= 0x55;
        return bytes;
    }
}
