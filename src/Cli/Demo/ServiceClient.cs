using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparseService.Engine.Training;

namespace SparseService.Cli.Demo;

/// <summary>The service's HTTP API as the demo uses it: the same requests as any other client's.</summary>
internal sealed class ServiceClient : IDisposable
{
    private readonly HttpClient http;

    public ServiceClient(string address, string key)
    {
        // A stream of events stays open for as long as the run takes.
        http = new HttpClient { BaseAddress = new Uri(address), Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Whether the key still opens the service.</summary>
    public async Task<bool> IsWelcomeAsync(CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync("/v1/runs?limit=1", cancellationToken);
        return answer.IsSuccessStatusCode;
    }

    public async Task<bool> ExistsAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(path, cancellationToken);
        return answer.IsSuccessStatusCode;
    }

    /// <summary>Announces a file, sends it in parts, has it checked.</summary>
    public async Task<Guid> UploadAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
        file.Position = 0;
        var upload = await PostAsync(
            "/v1/uploads", new { FileName = Path.GetFileName(path), Bytes = file.Length, Sha256 = sha256 }, cancellationToken);
        var id = upload.GetProperty("id").GetGuid();
        var part = new byte[upload.GetProperty("partBytes").GetInt32()];
        for (var number = 0; number < upload.GetProperty("parts").GetInt32(); number++)
        {
            var count = await file.ReadAtLeastAsync(part, part.Length, throwOnEndOfStream: false, cancellationToken);
            using var content = new ByteArrayContent(part, 0, count);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            using var answer = await http.PutAsync($"/v1/uploads/{id}/parts/{number}", content, cancellationToken);
            await RequireAsync(answer, cancellationToken);
        }

        await PostAsync($"/v1/uploads/{id}/complete", new { }, cancellationToken);
        return id;
    }

    public Task<JsonElement> CreateDatasetAsync(
        string name, string format, IReadOnlyDictionary<string, Guid> files, CancellationToken cancellationToken) =>
        PostAsync("/v1/datasets", new { Name = name, Format = format, Files = files }, cancellationToken);

    public Task<JsonElement> CreateRunAsync(JsonNode spec, CancellationToken cancellationToken) =>
        PostAsync("/v1/runs", spec, Guid.NewGuid().ToString(), cancellationToken);

    public async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(path, cancellationToken);
        return await RequireAsync(answer, cancellationToken);
    }

    public Task<JsonElement> PostAsync<T>(string path, T body, CancellationToken cancellationToken) =>
        PostAsync(path, body, null, cancellationToken);

    /// <summary>Every event of a run, from its first to the one that ends it, and steps between them as they happen.</summary>
    public async IAsyncEnumerable<(string Kind, JsonElement Message)> FollowAsync(
        Guid run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(
            $"/v1/runs/{run}/events/stream", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            await RequireAsync(answer, cancellationToken);
        }

        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
        {
            if (item.Data.Length > 0)
            {
                yield return (item.EventType, JsonSerializer.Deserialize<JsonElement>(item.Data));
            }
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonElement> PostAsync<T>(string path, T body, string? idempotencyKey, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(body, options: RunSpecJson.Options);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        using var answer = await http.SendAsync(request, cancellationToken);
        return await RequireAsync(answer, cancellationToken);
    }

    private static async Task<JsonElement> RequireAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            var request = answer.RequestMessage!;
            throw new CliFault($"{request.Method} {request.RequestUri!.AbsolutePath} was answered with {(int)answer.StatusCode}:\n{text}");
        }

        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }
}
