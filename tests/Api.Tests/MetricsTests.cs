using System.Text.RegularExpressions;

namespace SparseService.Api.Tests;

public sealed partial class MetricsTests(ServiceFixture service)
{
    [Fact]
    public async Task Metrics_Scraped_AreWellFormedPrometheusText()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await service.Viewer.GetAsync("/v1/runs", cancellation);
        using var response = await service.Viewer.GetAsync("/metrics", cancellation);
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
        var text = await response.Content.ReadAsStringAsync(cancellation);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);

        var kinds = new Dictionary<string, string>();
        var samples = new HashSet<string>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var parts = line.Split(' ');
                Assert.True(kinds.TryAdd(parts[2], parts[3]), $"{parts[2]} is declared twice");
            }
            else if (!line.StartsWith('#'))
            {
                var sample = Sample().Match(line);
                Assert.True(sample.Success, line);
                var name = Suffix().Replace(sample.Groups["name"].Value, "");
                Assert.True(kinds.ContainsKey(name) || kinds.ContainsKey(sample.Groups["name"].Value), $"{line} has no type");
                Assert.True(samples.Add(line[..line.LastIndexOf(' ')]), $"{line} appears twice");
            }
        }

        Assert.Contains("""sparse_runs{state="queued"}""", samples);
        Assert.Equal("histogram", kinds["http_server_request_duration_seconds"]);
        Assert.Contains(samples, sample => sample.StartsWith("http_server_request_duration_seconds_bucket{", StringComparison.Ordinal)
            && sample.Contains("le=\"+Inf\"", StringComparison.Ordinal));
    }

    private const string Label = @"[a-zA-Z_][a-zA-Z0-9_]*=""([^""\\\n]|\\[""\\n])*""";

    private const string Number = @"(NaN|[+-]Inf|-?\d+(\.\d+)?(E[+-]?\d+)?)";

    [GeneratedRegex(@"^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{" + Label + "(," + Label + @")*\})? " + Number + "$")]
    private static partial Regex Sample();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();
}
