using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SparseService.Client.Connection;

/// <summary>
/// The service's HTTP API. What cannot happen twice is tried again when the service does not answer: a moment for one that never did,
/// half a minute for one that is being restarted.
/// </summary>
internal sealed class ServiceClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);
    private readonly HttpClient http;
    private bool hasAnswered;

    public ServiceClient(Credentials service)
    {
        Url = service.Url;
        // A stream of events stays open for as long as the run takes. No redirects: the key is for this address only.
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        http = new HttpClient(handler) { BaseAddress = new Uri(service.Url + "/"), Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("sparse", "0.1"));
        try
        {
            http.DefaultRequestHeaders.Authorization =
                service.Key.Length == 0 ? null : new AuthenticationHeaderValue("Bearer", service.Key);
        }
        catch (FormatException)
        {
            throw new CliFault("The key has characters that no key has; copy it again.", ExitCode.BadInput);
        }
    }

    public string Url { get; }

    public async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) =>
        await ReadAsync(() => new HttpRequestMessage(HttpMethod.Get, path), mayRepeat: true, cancellationToken);

    /// <summary>Null when there is nothing there.</summary>
    public async Task<JsonElement?> FindAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, path), mayRepeat: true, cancellationToken, allowed: HttpStatusCode.NotFound);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : await ParseAsync(answer, cancellationToken);
    }

    /// <param name="idempotencyKey">Makes it safe to send the same again: the service does it once.</param>
    public Task<JsonElement> PostAsync(
        string path, JsonNode? body, CancellationToken cancellationToken, string? idempotencyKey = null) =>
        PostAsync(path, Encoding.UTF8.GetBytes(body?.ToJsonString() ?? "{}"), "application/json", cancellationToken, idempotencyKey);

    public Task<JsonElement> PostAsync(
        string path, byte[] body, string contentType, CancellationToken cancellationToken, string? idempotencyKey = null) =>
        ReadAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
                if (idempotencyKey is not null)
                {
                    request.Headers.Add("Idempotency-Key", idempotencyKey);
                }

                return request;
            },
            mayRepeat: idempotencyKey is not null,
            cancellationToken);

    public async Task PutAsync(string path, ReadOnlyMemory<byte> body, string sha256, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(
            () =>
            {
                var content = new ReadOnlyMemoryContent(body);
                content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
                return new HttpRequestMessage(HttpMethod.Put, path) { Content = content, Headers = { { "X-Part-Sha256", sha256 } } };
            },
            mayRepeat: true,
            cancellationToken);
    }

    public async Task DeleteAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(() => new HttpRequestMessage(HttpMethod.Delete, path), mayRepeat: false, cancellationToken);
    }

    /// <summary>The answer as soon as its headers are there.</summary>
    public Task<HttpResponseMessage> OpenAsync(
        Func<HttpRequestMessage> request, CancellationToken cancellationToken, HttpStatusCode? allowed = null) =>
        SendAsync(request, mayRepeat: true, cancellationToken, allowed);

    /// <summary>One request and nothing more: for a caller with a patience of its own.</summary>
    public async Task<HttpResponseMessage> OpenOnceAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        hasAnswered = true;
        return answer;
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonElement> ReadAsync(Func<HttpRequestMessage> request, bool mayRepeat, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(request, mayRepeat, cancellationToken);
        return await ParseAsync(answer, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(
        Func<HttpRequestMessage> make, bool mayRepeat, CancellationToken cancellationToken, HttpStatusCode? allowed = null)
    {
        var (watch, pause) = (System.Diagnostics.Stopwatch.StartNew(), TimeSpan.FromMilliseconds(200));
        while (true)
        {
            var left = (hasAnswered ? Patience : FirstPatience) - watch.Elapsed;
            using var request = make();
            try
            {
                var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                if (answer.IsSuccessStatusCode || answer.StatusCode == allowed)
                {
                    hasAnswered = true;
                    return answer;
                }

                using (answer)
                {
                    if (left <= TimeSpan.Zero || PauseOf(answer, mayRepeat, pause) is not { } asked)
                    {
                        throw await ProblemText.ReadAsync(answer, cancellationToken);
                    }

                    pause = asked;
                }
            }
            catch (HttpRequestException fault)
            {
                if (left <= TimeSpan.Zero || !(mayRepeat || fault.HttpRequestError == HttpRequestError.ConnectionError)
                    || fault.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError)
                {
                    throw NotReachable(fault);
                }
            }

            await Task.Delay(pause, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>The same sentence wherever the connection fails.</summary>
    public CliFault NotReachable(Exception fault) =>
        new($"{Url} does not answer: {Output.Words.Safe((fault.InnerException ?? fault).Message)}", ExitCode.Unreachable);

    // Too fast: the request was not looked at. Behind a proxy the service may be away for a moment.
    private static TimeSpan? PauseOf(HttpResponseMessage answer, bool mayRepeat, TimeSpan pause) => answer.StatusCode switch
    {
        HttpStatusCode.TooManyRequests => answer.Headers.RetryAfter?.Delta is { } asked && asked < Patience ? asked : pause,
        HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout when mayRepeat => pause,
        _ => null,
    };

    private async Task<JsonElement> ParseAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            var bytes = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            return bytes.Length == 0 ? default : JsonElement.Parse(bytes);
        }
        catch (JsonException)
        {
            throw new CliFault($"{Url} answers, but not as a SparseService does; is the address right?", ExitCode.Unreachable);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            throw NotReachable(fault);
        }
    }
}
