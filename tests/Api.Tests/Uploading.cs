using System.IO.Compression;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace SparseService.Api.Tests;

/// <summary>Brings files and datasets into the service as a client does.</summary>
internal static class Uploading
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A completed upload.</summary>
    public static async Task<Guid> UploadAsync(this HttpClient client, byte[] bytes, bool complete = true)
    {
        var request = new { fileName = "file", bytes = bytes.Length, sha256 = Convert.ToHexString(SHA256.HashData(bytes)) };
        var upload = await (await client.PostAsJsonAsync("/v1/uploads", request, Cancellation)).JsonAsync(HttpStatusCode.Created);
        var partBytes = (int)upload["partBytes"]!;
        for (var number = 0; number < (int)upload["parts"]!; number++)
        {
            var content = new ByteArrayContent(bytes[(number * partBytes)..Math.Min(bytes.Length, (number + 1) * partBytes)]);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            var sent = await client.PutAsync($"/v1/uploads/{upload.Id()}/parts/{number}", content, Cancellation);
            Assert.Equal(HttpStatusCode.NoContent, sent.StatusCode);
        }

        if (complete)
        {
            await (await client.PostAsync($"/v1/uploads/{upload.Id()}/complete", null, Cancellation)).JsonAsync();
        }

        return upload.Id();
    }

    public static Task<HttpResponseMessage> CreateDatasetAsync(
        this HttpClient client, string name, string format, params (string Role, Guid Upload)[] files) =>
        client.PostAsJsonAsync(
            "/v1/datasets", new { name, format, files = files.ToDictionary(file => file.Role, file => file.Upload) }, Cancellation);

    public static async Task<JsonNode> GlyphsAsync(
        this HttpClient client, string name, int trainSamples = 60, int testSamples = 20, int seed = 1)
    {
        var response = await client.PostAsJsonAsync(
            "/v1/datasets/generate", new { name, kind = "glyphs", trainSamples, testSamples, seed }, Cancellation);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancellation));
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!;
    }

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Gzip(byte[] bytes)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return buffer.ToArray();
    }

    public static byte[] Idx(byte dimensions, int[] sizes, int values)
    {
        var bytes = new List<byte> { 0, 0, 8, dimensions };
        foreach (var size in sizes)
        {
            bytes.AddRange([(byte)(size >> 24), (byte)(size >> 16), (byte)(size >> 8), (byte)size]);
        }

        bytes.AddRange(Enumerable.Range(0, values).Select(i => (byte)(i % 2)));
        return [.. bytes];
    }
}
