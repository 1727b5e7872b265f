namespace SparseService.Api.Tests;

/// <summary>Reads answers and judges refusals.</summary>
internal static class Answers
{
    public static async Task<JsonNode> JsonAsync(this HttpResponseMessage response, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} where {(int)expected} was expected: {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>
    /// The answer is problem details with this status, and one of its errors names this path with value and what is allowed.
    /// </summary>
    public static async Task<JsonNode> RefusalAsync(this HttpResponseMessage response, int status, string path)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} where {status} was expected: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(text)!;
        Assert.Equal(status, (int)problem["status"]!);
        Assert.False(string.IsNullOrWhiteSpace((string?)problem["title"]));
        Assert.False(string.IsNullOrWhiteSpace((string?)problem["detail"]));
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        var fault = problem["errors"]!.AsArray().FirstOrDefault(error => (string?)error!["path"] == path);
        Assert.True(fault is not null, $"No error names {path}: {text}");
        Assert.False(string.IsNullOrEmpty((string?)fault["value"]));
        Assert.False(string.IsNullOrEmpty((string?)fault["allowed"]));
        return problem;
    }

    public static Guid Id(this JsonNode node) => (Guid)node["id"]!;
}
