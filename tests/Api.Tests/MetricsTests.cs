using System.Globalization;
using System.Text.RegularExpressions;

namespace SparseService.Api.Tests;

public sealed partial class MetricsTests(ServiceFixture service)
{
    [Fact]
    public async Task Metrics_Scraped_AreWellFormedPrometheusText()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var text = await ScrapeAsync(cancellation);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);

        var kinds = new Dictionary<string, string>();
        var samples = new Dictionary<string, double>();
        var family = "";
        foreach (var line in text.Split('\n')[..^1])
        {
            var words = line.Split(' ');
            if (words is ["#", "HELP", _, ..])
            {
                family = words[2];
                Assert.False(kinds.ContainsKey(family), $"{family} is in two places");
            }
            else if (words is ["#", "TYPE", _, var kind])
            {
                Assert.Equal(family, words[2]);
                Assert.Contains(kind, new[] { "counter", "gauge", "histogram" });
                Assert.True(kind != "counter" || family.EndsWith("_total", StringComparison.Ordinal), $"{family} is a counter");
                kinds.Add(family, kind);
            }
            else
            {
                var sample = Sample().Match(line);
                Assert.True(sample.Success, line);
                var name = sample.Groups["name"].Value;
                Assert.Equal(family, kinds[family] == "histogram" ? Suffix().Replace(name, "") : name);
                var value = double.Parse(words[^1].Replace("+Inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture);
                Assert.True(samples.TryAdd(line[..line.LastIndexOf(' ')], value), $"{line} appears twice");
            }
        }

        AssertHistogramsAddUp(samples);
        Assert.Contains("""sparse_runs{state="queued"}""", samples.Keys);
        Assert.Equal("histogram", kinds["http_server_request_duration_seconds"]);
        Assert.Contains(samples.Keys, sample => sample.StartsWith("http_server_request_duration_seconds_bucket{", StringComparison.Ordinal)
            && sample.Contains("le=\"+Inf\"", StringComparison.Ordinal));
    }

    // A request is counted once it is over, which may be after its answer has come: the second scrape sees the first one at the latest.
    private async Task<string> ScrapeAsync(CancellationToken cancellation)
    {
        var text = "";
        for (var turn = 0; turn < 20 && !text.Contains("http_server_request_duration_seconds_bucket", StringComparison.Ordinal); turn++)
        {
            using var response = await service.Viewer.GetAsync("/metrics", cancellation);
            Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
            text = await response.Content.ReadAsStringAsync(cancellation);
        }

        return text;
    }

    // Buckets count upwards, and the one without a bound counts everything.
    private static void AssertHistogramsAddUp(Dictionary<string, double> samples)
    {
        var buckets = samples.Select(sample => (Match: Bucket().Match(sample.Key), sample.Value)).Where(bucket => bucket.Match.Success);
        var histograms = buckets.ToLookup(bucket => (Name: bucket.Match.Groups["name"].Value, Labels: bucket.Match.Groups["labels"].Value));
        Assert.NotEmpty(histograms);
        foreach (var histogram in histograms)
        {
            var counts = histogram.Select(bucket => bucket.Value).ToList();
            Assert.Equal(counts.Order(), counts);
            var labels = histogram.Key.Labels.Length == 0 ? "" : $"{{{histogram.Key.Labels}}}";
            Assert.Equal(samples[$"{histogram.Key.Name}_count{labels}"], counts[^1]);
            Assert.Contains($"{histogram.Key.Name}_sum{labels}", samples.Keys);
        }
    }

    private const string Label = @"[a-zA-Z_][a-zA-Z0-9_]*=""([^""\\\n]|\\[""\\n])*""";

    private const string Number = @"(NaN|[+-]Inf|-?\d+(\.\d+)?(E[+-]?\d+)?)";

    [GeneratedRegex(@"^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{" + Label + "(," + Label + @")*\})? " + Number + "$")]
    private static partial Regex Sample();

    [GeneratedRegex("""^(?<name>\w+)_bucket\{(?<labels>.*?),?le="[^"]+"\}$""")]
    private static partial Regex Bucket();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();
}
