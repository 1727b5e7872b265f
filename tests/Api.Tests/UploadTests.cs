using System.Net.Http.Headers;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;

namespace SparseService.Api.Tests;

public sealed class UploadTests(ServiceFixture service)
{
    private const int PartBytes = 65536;
    private static readonly byte[] File = [.. Enumerable.Range(0, (2 * PartBytes) + 100).Select(i => (byte)(i * 7))];

    public static TheoryData<string, string, int> BadAnnouncements => new()
    {
        { """{"fileName":"a","sha256":"%H"}""", "$.bytes", 400 },
        { """{"fileName":"a","bytes":0,"sha256":"%H"}""", "$.bytes", 400 },
        { """{"fileName":"a","bytes":-1,"sha256":"%H"}""", "$.bytes", 400 },
        { """{"fileName":"a","bytes":1.5,"sha256":"%H"}""", "$.bytes", 400 },
        { """{"fileName":"a","bytes":"9","sha256":"%H"}""", "$.bytes", 400 },
        { """{"fileName":"a","bytes":99999999999999999999,"sha256":"%H"}""", "$.bytes", 400 },
        { """{"fileName":"a","bytes":1000001,"sha256":"%H"}""", "$.bytes", 413 },
        { """{"fileName":"a","bytes":9,"sha256":"12"}""", "$.sha256", 400 },
        { """{"fileName":"a","bytes":9,"sha256":null}""", "$.sha256", 400 },
        { """{"fileName":"","bytes":9,"sha256":"%H"}""", "$.fileName", 400 },
        { """{"fileName":"../../etc/passwd","bytes":9,"sha256":"%H"}""", "$.fileName", 400 },
        { """{"fileName":"a","bytes":9,"sha256":"%H","ownerId":"x"}""", "$.ownerId", 400 },
        { """{"fileName":"a","fileName":"b","bytes":9,"sha256":"%H"}""", "$", 400 },
        { """{"fileName":["a"],"bytes":9,"sha256":"%H"}""", "$.fileName", 400 },
        { """{"fileName":"a","bytes":9,"sha256":"%H" """, "$", 400 },
        { "", "$", 400 },
        { "null", "$", 400 },
        { "[]", "$", 400 },
    };

    [Theory, MemberData(nameof(BadAnnouncements))]
    public async Task Create_BadAnnouncement_NamesFieldValueAndAllowed(string body, string path, int status)
    {
        var content = new StringContent(
            body.Replace("%H", new string('a', 64), StringComparison.Ordinal), Encoding.UTF8, "application/json");
        var response = await service.Submitter.PostAsync("/v1/uploads", content, TestContext.Current.CancellationToken);
        await response.RefusalAsync(status, path);
    }

    [Fact]
    public async Task List_ByHash_FindsAnUploadThatWasCutOff()
    {
        byte[] bytes = [.. File, 1];
        var upload = await CreateAsync(bytes);
        await PutAsync(upload, 1);
        var address = "/v1/uploads?sha256=" + Convert.ToHexString(SHA256.HashData(bytes));
        var answer = await service.Submitter.GetAsync(address, TestContext.Current.CancellationToken);
        var found = (await answer.JsonAsync())["items"]!.AsArray();
        Assert.Equal(upload.Id(), Assert.Single(found)!.Id());
        Assert.Equal([1], found[0]!["receivedParts"]!.AsArray().Select(part => (int)part!));

        // To others it is not there.
        answer = await service.Admin.GetAsync(address, TestContext.Current.CancellationToken);
        Assert.Empty((await answer.JsonAsync())["items"]!.AsArray());
        answer = await service.Submitter.GetAsync("/v1/uploads?sha256=12", TestContext.Current.CancellationToken);
        await answer.RefusalAsync(400, "sha256");
    }

    [Fact]
    public async Task Upload_InPartsOutOfOrder_IsCompleted()
    {
        var upload = await CreateAsync(File);
        Assert.Equal(3, (int)upload["parts"]!);

        await PutAsync(upload, 2);
        await PutAsync(upload, 0);
        await PutAsync(upload, 0);
        var between = await (
            await service.Viewer.GetAsync($"/v1/uploads/{upload.Id()}", TestContext.Current.CancellationToken)).JsonAsync();
        Assert.Equal([0, 2], between["receivedParts"]!.AsArray().Select(part => (int)part!));
        await (await CompleteAsync(upload)).RefusalAsync(409, "parts");
        await PutAsync(upload, 1);

        Assert.True((bool)(await (await CompleteAsync(upload)).JsonAsync())["completed"]!);
        Assert.True((bool)(await (await CompleteAsync(upload)).JsonAsync())["completed"]!);
        await (await SendPartAsync(upload, 1, File[PartBytes..(2 * PartBytes)])).RefusalAsync(409, "completed");
        await DeleteAsync(upload);
    }

    [Fact]
    public async Task Complete_OtherBytesThanAnnounced_IsRefusedAndCanBeMended()
    {
        var upload = await CreateAsync(File[..100], File[1..101]);
        var sent = await SendPartAsync(upload, 0, File[..100]);
        Assert.Equal(HttpStatusCode.NoContent, sent.StatusCode);
        await (await CompleteAsync(upload)).RefusalAsync(422, "sha256");
        await SendPartAsync(upload, 0, File[1..101]);
        Assert.True((bool)(await (await CompleteAsync(upload)).JsonAsync())["completed"]!);
        await DeleteAsync(upload);
    }

    [Theory]
    [InlineData(0, 65535, 422, "Content-Length")]
    [InlineData(0, 65537, 413, "Content-Length")]
    [InlineData(0, 0, 422, "Content-Length")]
    [InlineData(2, 99, 422, "Content-Length")]
    [InlineData(2, 101, 422, "Content-Length")]
    [InlineData(3, 100, 422, "number")]
    [InlineData(-1, 100, 422, "number")]
    public async Task PutPart_WrongSizeOrNumber_IsRefused(int number, int bytes, int status, string path)
    {
        var upload = await CreateAsync(File);
        await (await SendPartAsync(upload, number, new byte[bytes])).RefusalAsync(status, path);
        await DeleteAsync(upload);
    }

    [Theory]
    [InlineData("X-Part-Sha256", "00")]
    [InlineData("Content-Digest", "sha-256=:AAAA:")]
    public async Task PutPart_HashOfOtherBytes_IsRefused(string header, string value)
    {
        var upload = await CreateAsync(File[..100]);
        await (await SendPartAsync(upload, 0, File[..100], (header, value))).RefusalAsync(422, header);
        var sha256 = SHA256.HashData(File.AsSpan(0, 100));
        var digest = ("Content-Digest", $"sha-256=:{Convert.ToBase64String(sha256)}:");
        Assert.Equal(HttpStatusCode.NoContent, (await SendPartAsync(upload, 0, File[..100], digest)).StatusCode);
        await DeleteAsync(upload);
    }

    [Fact]
    public async Task PutPart_OfAnotherKey_IsForbidden()
    {
        var upload = await CreateAsync(File);
        var other = service.ClientWith(await service.CreateKeyAsync("another submitter", Persistence.Entities.ApiRole.Submitter));
        var content = Bytes(File[..PartBytes]);
        await (
            await other.PutAsync(
                $"/v1/uploads/{upload.Id()}/parts/0", content, TestContext.Current.CancellationToken)).RefusalAsync(403, "id");
        await (await other.DeleteAsync($"/v1/uploads/{upload.Id()}", TestContext.Current.CancellationToken)).RefusalAsync(403, "id");
        await DeleteAsync(upload);
    }

    private async Task<JsonNode> CreateAsync(byte[] bytes, byte[]? hashed = null)
    {
        var request = new { fileName = "file.csv", bytes = bytes.Length, sha256 = Convert.ToHexString(SHA256.HashData(hashed ?? bytes)) };
        var response = await service.Submitter.PostAsJsonAsync("/v1/uploads", request, TestContext.Current.CancellationToken);
        var upload = await response.JsonAsync(HttpStatusCode.Created);
        Assert.Equal($"/v1/uploads/{upload.Id()}", response.Headers.Location?.ToString());
        return upload;
    }

    private async Task PutAsync(JsonNode upload, int number)
    {
        var bytes = File[(number * PartBytes)..Math.Min(File.Length, (number + 1) * PartBytes)];
        Assert.Equal(HttpStatusCode.NoContent, (await SendPartAsync(upload, number, bytes)).StatusCode);
    }

    private Task<HttpResponseMessage> SendPartAsync(JsonNode upload, int number, byte[] bytes, (string Name, string Value)? header = null)
    {
        var content = Bytes(bytes);
        if (header is var (name, value))
        {
            content.Headers.TryAddWithoutValidation(name, value);
        }

        return service.Submitter.PutAsync($"/v1/uploads/{upload.Id()}/parts/{number}", content, TestContext.Current.CancellationToken);
    }

    private static ByteArrayContent Bytes(byte[] bytes)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return content;
    }

    private Task<HttpResponseMessage> CompleteAsync(JsonNode upload) =>
        service.Submitter.PostAsync($"/v1/uploads/{upload.Id()}/complete", null, TestContext.Current.CancellationToken);

    private async Task DeleteAsync(JsonNode upload)
    {
        var id = upload.Id();
        var response = await service.Submitter.DeleteAsync($"/v1/uploads/{id}", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.False(await service.InDatabaseAsync(db => db.UploadParts.AnyAsync(part => part.UploadId == id)));
    }
}
