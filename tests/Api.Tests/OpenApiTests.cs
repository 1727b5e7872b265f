using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;

namespace SparseService.Api.Tests;

public sealed class OpenApiTests(ServiceFixture service)
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private const string UpdateVariable = "SPARSE_UPDATE_OPENAPI";

    [Fact]
    public async Task Document_Served_EqualsTheCommittedOne()
    {
        var served = Normalized(await service.Anonymous.GetStringAsync("/swagger/v1/swagger.json", TestContext.Current.CancellationToken));
        var path = CommittedPath();
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            await File.WriteAllTextAsync(path, served, TestContext.Current.CancellationToken);
        }

        var committed = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        Assert.True(
            served == committed,
            $"docs/openapi.json differs from what is served; run these tests with {UpdateVariable}=1 and look at the diff.");
    }

    [Fact]
    public async Task Document_EveryOperation_HasIdSummaryAndMeaningOfEachStatus()
    {
        var document = JsonNode.Parse(
            await service.Anonymous.GetStringAsync("/swagger/v1/swagger.json", TestContext.Current.CancellationToken))!;
        foreach (var (method, path, operation) in ApiOperation.In(document).Select(each => (each.Method, each.Path, each.Node)))
        {
            var name = $"{method} {path}";
            Assert.False(string.IsNullOrEmpty((string?)operation["operationId"]), $"{name} has no operationId");
            Assert.False(string.IsNullOrEmpty((string?)operation["summary"]), $"{name} has no summary");
            Assert.All(operation["responses"]!.AsObject(), response =>
                Assert.True(((string?)response.Value!["description"])?.Contains(' '), $"{name} does not say what {response.Key} means"));
        }
    }

    private static string Normalized(string json) =>
        JsonNode.Parse(json)!.ToJsonString(Readable) + "\n";

    private static string CommittedPath([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "docs", "openapi.json");
}
