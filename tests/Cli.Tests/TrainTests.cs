using System.Text.Json;

namespace SparseService.Cli.Tests;

public sealed class TrainTests : IDisposable
{
    private static readonly string[] EpochFields =
    [
        "event", "epoch", "loss", "testLoss", "testAccuracy", "nnz", "density", "trainSeconds", "evolutionSeconds", "testSeconds", "ranks",
    ];

    private static readonly string[] DoneFields =
    [
        "event", "testAccuracy", "bestTestAccuracy", "nnz", "denseParameters", "modelBytes", "peakMemoryBytes", "seconds",
    ];

    private readonly Workplace place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public async Task Train_Json_PrintsOneObjectPerEpochAndOneAtTheEnd()
    {
        var train = await SparseProcess.RunAsync("train", place.WriteSpec(), "--json", "--model", place["model"]);

        Assert.Equal((0, ""), (train.ExitCode, train.Errors));
        var lines = train.Lines.Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();
        Assert.Equal(4, lines.Count);
        Assert.All(lines.Take(3).Index(), line =>
        {
            Assert.Equal(EpochFields, line.Item.EnumerateObject().Select(field => field.Name));
            Assert.Equal("epoch", line.Item.GetProperty("event").GetString());
            Assert.Equal(line.Index + 1, line.Item.GetProperty("epoch").GetInt32());
            Assert.Equal(lines[0].GetProperty("nnz").GetInt64(), line.Item.GetProperty("nnz").GetInt64());
        });
        Assert.Equal(DoneFields, lines[3].EnumerateObject().Select(field => field.Name));
        Assert.Equal("done", lines[3].GetProperty("event").GetString());
        Assert.Equal((784 * 60) + (60 * 60) + (60 * 10), lines[3].GetProperty("denseParameters").GetInt64());
        Assert.Equal(new FileInfo(place["model"]).Length, lines[3].GetProperty("modelBytes").GetInt64());
        Assert.InRange(lines[3].GetProperty("peakMemoryBytes").GetInt64(), 10_000_000, 1_000_000_000);
    }

    [Fact]
    public async Task Train_SameSeedAnyThreads_WritesTheSameModel()
    {
        var spec = place.WriteSpec();
        Assert.Equal(0, (await SparseProcess.RunAsync("train", spec, "--json", "--threads", "1", "--model", place["one"])).ExitCode);
        Assert.Equal(0, (await SparseProcess.RunAsync("train", spec, "--json", "--threads", "2", "--model", place["two"])).ExitCode);
        Assert.Equal(0, (await SparseProcess.RunAsync("train", spec, "--json", "--seed", "4", "--model", place["other"])).ExitCode);

        Assert.Equal(place.Hash("one"), place.Hash("two"));
        Assert.NotEqual(place.Hash("one"), place.Hash("other"));
    }

    [Fact]
    public async Task Train_InterruptedAndResumed_EndsWithTheSameModel()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signal that a test could send to one process.");
        // Prints ten times what a pipe holds, so that it is still at work when the signal arrives.
        var spec = place.WriteSpec(epochs: 2500);
        var whole = await SparseProcess.RunAsync("train", spec, "--json", "--model", place["whole"]);
        Assert.Equal(0, whole.ExitCode);

        var first = await SparseProcess.RunAsync(
            ["train", spec, "--json", "--checkpoint", place["checkpoint"], "--model", place["never"]], interruptAfter: _ => true);
        Assert.Equal(130, first.ExitCode);
        Assert.Contains("--resume", first.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(place["never"]));
        var second = await SparseProcess.RunAsync("train", spec, "--json", "--resume", place["checkpoint"], "--model", place["resumed"]);

        Assert.Equal((0, ""), (second.ExitCode, second.Errors));
        Assert.Equal(whole.Lines.Count, first.Lines.Count + second.Lines.Count);
        Assert.Equal(place.Hash("whole"), place.Hash("resumed"));
    }

    [Fact]
    public async Task Train_NotATerminal_PrintsPlainLines()
    {
        var train = await SparseProcess.RunAsync("train", place.WriteSpec());

        Assert.Equal(0, train.ExitCode);
        Assert.Contains("Stored connections", train.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', train.Output);
    }

    [Fact]
    public async Task Train_BadSpec_ListsEveryFaultWithPathValueAndAllowed()
    {
        File.WriteAllText(place["bad.json"], """{ "training": { "epochs": 0, "network": { "layers": [784, -3, 10] }, "dropout": 2 } }""");

        var train = await SparseProcess.RunAsync("train", place["bad.json"], "--json");

        Assert.Equal((5, ""), (train.ExitCode, train.Output));
        var faults = train.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(["$.training.epochs is 0", "$.training.network.layers[1] is -3", "$.training.dropout is 2"], expected =>
            Assert.Contains(faults, fault => fault.StartsWith($"{expected}; allowed: ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("""{ "training": { "network": { "layers": [784, 10] } } }""", "--data PATH")]
    [InlineData("""{ "dataset": { "name": "mine" }, "training": { "network": { "layers": [784, 10] } } }""", "mine")]
    [InlineData("""{ "training": { "network": { "layers": [784, 10] }, "epoch": 3 } }""", "epoch")]
    [InlineData("""{ "training": """, "$")]
    public async Task Train_SpecThatCannotWork_SaysWhy(string spec, string expected)
    {
        File.WriteAllText(place["bad.json"], spec);

        var train = await SparseProcess.RunAsync("train", place["bad.json"]);

        Assert.Equal(5, train.ExitCode);
        Assert.Contains(expected, train.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", train.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train")]
    [InlineData("train", "no-such-file.json")]
    [InlineData("train", "spec.json", "--epochs", "none")]
    [InlineData("train", "spec.json", "--backend", "abacus")]
    [InlineData("train", "spec.json", "--resume", "x", "--epochs", "3")]
    [InlineData("train", "spec.json", "--resume", "x", "--seed", "-1")]
    [InlineData("partition", "spec.json", "--parts", "0")]
    [InlineData("challenge", "--neurons", "many")]
    [InlineData("models", "predict", "model", "--rows", "0")]
    [InlineData("fly")]
    public async Task Sparse_BadUsage_ExitsWith5(params string[] arguments)
    {
        var sparse = await SparseProcess.RunAsync(arguments);

        Assert.Equal((5, ""), (sparse.ExitCode, sparse.Output));
        Assert.NotEmpty(sparse.Errors);
        Assert.DoesNotContain("   at ", sparse.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Partition_Seed_StandsInPlaceOfTheSpecs()
    {
        var spec = place.WriteSpec();
        File.WriteAllText(place["four.json"], File.ReadAllText(spec).Replace("\"seed\": 3", "\"seed\": 4", StringComparison.Ordinal));

        Assert.Equal(await WordsAsync(place["four.json"]), await WordsAsync(spec, "--seed", "4"));
        Assert.NotEqual(await WordsAsync(spec), await WordsAsync(spec, "--seed", "4"));
    }

    [Fact]
    public async Task Train_DataThatIsNone_SaysWhatItCouldBe()
    {
        var train = await SparseProcess.RunAsync("train", place.WriteSpec(), "--data", Path.GetDirectoryName(place["spec.json"])!);

        Assert.Equal(5, train.ExitCode);
        Assert.Contains("allowed:", train.Errors, StringComparison.Ordinal);
    }

    // Connections of the whole network, then words of each kind of partition.
    private static async Task<long[]> WordsAsync(params string[] arguments)
    {
        var partition = await SparseProcess.RunAsync(["partition", .. arguments, "--parts", "3", "--json"]);
        Assert.Equal((0, ""), (partition.ExitCode, partition.Errors));
        var report = JsonSerializer.Deserialize<JsonElement>(partition.Output);
        var words = report.GetProperty("partitions").EnumerateArray().Select(one => one.GetProperty("words").GetInt64());
        return [report.GetProperty("nnz").GetInt64(), .. words];
    }
}
