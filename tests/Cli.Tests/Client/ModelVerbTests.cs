using System.Security.Cryptography;

namespace SparseService.Cli.Tests.Client;

public sealed class ModelVerbTests(SharedHost shared) : IAsyncLifetime
{
    private readonly Desk desk = new(shared.Host);
    private string name = "";

    public async ValueTask InitializeAsync()
    {
        name = $"model-{Guid.NewGuid():N}";
        desk.Write("data/train.csv", DatasetVerbTests.Table(300, seed: 4));
        (await desk.RunAsync("datasets", "push", desk["data"], "--name", name)).Expect(0);
        var spec = desk.Write("spec.json", $$"""
            { "name": "{{name}}", "training": { "epochs": 20, "batchSize": 16, "network": { "layers": [4, 30, 2] } } }
            """);
        (await desk.RunAsync("runs", "submit", spec, "--dataset", name, "--wait")).Expect(0);
    }

    public ValueTask DisposeAsync()
    {
        desk.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Pull_Model_VerifiesItsHashAndGoesOnAfterACut()
    {
        var model = (await desk.RunAsync("models", "pull", name, "--output", "whole.safetensors", "--json")).Expect(0).Json;
        var bytes = File.ReadAllBytes(desk["whole.safetensors"]);
        var hash = model.GetProperty("contentHash").GetString()!;
        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(bytes)));

        // What a cut leaves behind.
        File.WriteAllBytes(desk[$"cut.safetensors.{hash[..8]}.part"], bytes[..500]);
        var resumed = (await desk.RunAsync("models", "pull", name, "-o", "cut.safetensors")).Expect(0);
        Assert.Equal(bytes, File.ReadAllBytes(desk["cut.safetensors"]));
        Assert.Contains(hash, resumed.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(desk[$"cut.safetensors.{hash[..8]}.part"]));

        File.WriteAllBytes(desk[$"bad.safetensors.{hash[..8]}.part"], new byte[500]);
        var bad = (await desk.RunAsync("models", "pull", name, "-o", "bad.safetensors")).Expect(1);
        Assert.Contains("SHA-256", bad.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(desk["bad.safetensors"]));
        (await desk.RunAsync("models", "pull", name, "-o", "bad.safetensors")).Expect(0);
    }

    [Fact]
    public async Task Pull_FileThatIsThere_IsReplacedOnlyByForce()
    {
        File.WriteAllText(desk["mine.txt"], "precious");

        (await desk.RunAsync("models", "pull", name, "-o", "mine.txt")).Expect(5);
        Assert.Equal("precious", File.ReadAllText(desk["mine.txt"]));
        (await desk.RunAsync("models", "pull", name, "-o", "mine.txt", "--force")).Expect(0);
        (await desk.RunAsync("models", "pull", name, "-o", "mine.txt")).Expect(0);
        (await desk.RunAsync("models", "pull", name, "--format", "npz", "-o", "model.npz")).Expect(0);
        Assert.Equal("PK"u8.ToArray(), File.ReadAllBytes(desk["model.npz"])[..2]);
    }

    [Fact]
    public async Task Predict_CsvJsonAndStandardInput_AgreeAndTakeOneAnswerForARow()
    {
        desk.Write("rows.csv", "a,b,c,d,label\n0.4,0.4,0,0,yes\n-0.4,-0.4,0,0,no\n");

        var csv = (await desk.RunAsync("models", "predict", name, desk["rows.csv"], "--drop", "label", "--json")).Expect(0);
        var piped = (await desk.RunAsync(
            ["models", "predict", name, "--json"], """{ "rows": [[0.4, 0.4, 0, 0], [-0.4, -0.4, 0, 0]] }""")).Expect(0);
        Assert.Equal(csv.Output, piped.Output);
        var classes = csv.Json.GetProperty("predictions").EnumerateArray().Select(row => row.GetProperty("class").GetString());
        Assert.Equal(["yes", "no"], classes);

        var table = (await desk.RunAsync(["models", "predict", name, "-"], "0.4,0.4,0,0\n")).Expect(0).Output;
        Assert.Contains("  1  yes", table, StringComparison.Ordinal);
        var truths = (await desk.RunAsync("models", "predict", name, "--dataset", name, "--rows", "3")).Expect(0).Output;
        Assert.Contains("TRUTH", truths, StringComparison.Ordinal);
        Assert.Equal(truths, (await desk.RunAsync("models", "predict", name, "--rows", "3")).Expect(0).Output);
    }

    [Fact]
    public async Task PredictFile_CsvNdjsonAndStandardInput_GiveALineForEachRow()
    {
        const int Rows = 25_000; // several requests
        var values = Enumerable.Range(0, Rows).Select(row => $"{(row % 2 == 0 ? "0.4,0.4" : "-0.4,-0.4")},0,{row % 7}").ToArray();
        desk.Write("rows.csv", "a,b,c,d,label\n" + string.Join('\n', values.Select(row => $"{row},yes")));
        desk.Write("rows.ndjson", string.Join('\n', values.Select(row => $"[{row}]")) + "\n");

        var csv = (await desk.RunAsync("models", "predict", name, "--file", desk["rows.csv"], "--drop", "label")).Expect(0);
        var ndjson = (await desk.RunAsync("models", "predict", name, "--file", desk["rows.ndjson"])).Expect(0);
        var piped = (await desk.RunAsync(
            ["models", "predict", name, "--file", "-"], string.Join('\n', values.Take(5).Select(row => $"[{row}]")))).Expect(0);
        Assert.Equal((csv.Output, ""), (ndjson.Output, csv.Errors));
        var lines = csv.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Rows, lines.Length);
        Assert.Equal(5, piped.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        var first = System.Text.Json.JsonElement.Parse(lines[0]);
        Assert.Equal(("yes", 2), (first.GetProperty("class").GetString(), first.GetProperty("probabilities").GetArrayLength()));
    }

    [Theory]
    [InlineData("1,2,3\n", "row 1 is 3 values; allowed: 4")]
    [InlineData("1,2,3,4\n1,2,x,4\n", "row 2, column 3 is x; allowed: a number")]
    [InlineData("[1,2,3,4]\n[1,2,\"x\",4]\n", "row 2, column 3 is x; allowed: a number")]
    [InlineData("[1,2,3,4]\n[1,2\n", "row 2 is no JSON list of numbers")]
    [InlineData("[[1,2,3,4]]\n", "row 1, column 1 is [; allowed: a number")]
    [InlineData("{}", "row 1 is no list")]
    [InlineData("", "no rows")]
    public async Task PredictFile_RowsThatCannotBe_Return5WithTheirPlace(string input, string expected) => Assert.Contains(
        expected, (await desk.RunAsync(["models", "predict", name, "--file", "-"], input)).Expect(5).Errors, StringComparison.Ordinal);

    [Theory]
    [InlineData("1,2,3\n", "row 1 is 3 values; allowed: 4")]
    [InlineData("1,2,3,4\n1,2,x,4\n", "row 2, column 3 is x; allowed: a number")]
    [InlineData("[[1,2,3,\"4\"]]", "row 1, column 4 is \"4\"; allowed: a number")]
    [InlineData("{}", "rows")]
    [InlineData("[1,", "no JSON")]
    [InlineData("", "no rows")]
    public async Task Predict_RowsThatCannotBe_Return5WithTheirPlace(string input, string expected) => Assert.Contains(
        expected, (await desk.RunAsync(["models", "predict", name], input)).Expect(5).Errors, StringComparison.Ordinal);

    [Fact]
    public async Task List_Models_ShowsSizeAgainstDense() =>
        Assert.Contains(name[..20], (await desk.RunAsync("models", "list")).Expect(0).Output, StringComparison.Ordinal);
}
