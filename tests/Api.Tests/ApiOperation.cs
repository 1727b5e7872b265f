namespace SparseService.Api.Tests;

/// <summary>One route of the OpenAPI document, so that tests over all routes cover new ones by themselves.</summary>
/// <param name="Role">The lowest role that may call it; null when no key is wanted.</param>
public sealed record ApiOperation(string Method, string Path, string? Role, JsonNode Node)
{
    public static async Task<IReadOnlyList<ApiOperation>> ReadAsync(ServiceFixture service)
    {
        var text = await service.Anonymous.GetStringAsync("/swagger/v1/swagger.json", TestContext.Current.CancellationToken);
        return [.. In(JsonNode.Parse(text)!)];
    }

    public static IEnumerable<ApiOperation> In(JsonNode document) =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select new ApiOperation(operation.Key.ToUpperInvariant(), path.Key, (string?)operation.Value!["x-role"], operation.Value);

    /// <summary>A request whose ids name nothing.</summary>
    public HttpRequestMessage Request()
    {
        var path = Path.Replace(
            "{id}", Guid.NewGuid().ToString(), StringComparison.Ordinal).Replace("{number}", "0", StringComparison.Ordinal);
        var request = new HttpRequestMessage(new HttpMethod(Method), path);
        if (Node["requestBody"] is { } body)
        {
            var mediaType = body["content"]!.AsObject().First().Key;
            request.Content = new StringContent("{}", Encoding.UTF8, mediaType);
        }

        return request;
    }

    public override string ToString() => $"{Method} {Path}";
}
