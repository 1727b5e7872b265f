using System.Text.Json;

namespace SparseService.Cli.Tests;

/// <summary>The quick form of each benchmark: it works, and its result holds what readers expect. What it measures is not judged.</summary>
public class BenchTests
{
    private static readonly string?[] Limits = ["FMA", "L1", "L2", "memory"];

    [Fact]
    public async Task Kernels_Quick_HoldsEveryOperationBesideItsBound()
    {
        var result = await QuickAsync("kernels", "--threads", "2");

        Assert.Equal(2, result.GetProperty("threads").GetInt32());
        Assert.All(
            ["fmaGflops", "l1GigabytesPerSecond", "l2GigabytesPerSecond", "memoryGigabytesPerSecond"],
            limit => Assert.InRange(result.GetProperty("limits").GetProperty(limit).GetDouble(), 0.1, 1e6));
        var operations = result.GetProperty("operations").EnumerateArray().ToList();
        Assert.Equal(
            ["forward", "train forward", "weight update", "forward", "train forward", "input gradient", "weight update"],
            operations.Select(operation => operation.GetProperty("operation").GetString()));
        Assert.All(operations, operation =>
        {
            Assert.InRange(operation.GetProperty("reached").GetDouble(), 0, 1.2);
            Assert.InRange(operation.GetProperty("gflops").GetDouble(), 1e-6, operation.GetProperty("bestGflops").GetDouble());
            Assert.Contains(operation.GetProperty("limit").GetString(), Limits);
            var traffic = operation.GetProperty("traffic");
            Assert.Equal(
                2.0 * operation.GetProperty("nnz").GetInt64() * operation.GetProperty("batch").GetInt32(),
                traffic.GetProperty("flops").GetDouble());
            Assert.InRange(traffic.GetProperty("l2Bytes").GetDouble(), 1, traffic.GetProperty("untiledL2Bytes").GetDouble());
        });
    }

    [Fact]
    public async Task TrainVersusTorch_Quick_MeasuresEverySide()
    {
        Assert.SkipUnless(File.Exists("/usr/lib/python3/dist-packages/torch/__init__.py"), "Debian's python3-torch is not installed.");

        var result = await QuickAsync("train-vs-torch", "--shape", "cifar10", "--density", "0.01");

        Assert.Equal(
            [
                "sparse train, density 0.01", "PyTorch dense", "PyTorch masked",
                "PyTorch csr, density 0.01", "PyTorch csr-tuned, density 0.01",
            ],
            Sides(result).Select(side => side.GetProperty("name").GetString()));
        Assert.All(Sides(result), AssertMeasured);
        Assert.Contains("openblas-pthread", result.GetProperty("blas").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TrainVersusScipy_Quick_MeasuresBothSides()
    {
        Assert.SkipUnless(File.Exists("/usr/lib/python3/dist-packages/numba/__init__.py"), "Debian's python3-numba is not installed.");

        var result = await QuickAsync("train-vs-scipy");

        Assert.Equal(["sparse train", "SciPy/Numba SET"], Sides(result).Select(side => side.GetProperty("name").GetString()));
        Assert.All(Sides(result), AssertMeasured);
    }

    [Theory]
    [InlineData("--shape is 'mnist'; allowed: fashion-mnist, cifar10", "train-vs-torch", "--shape", "mnist")]
    [InlineData("--density belongs to --shape cifar10.", "train-vs-torch", "--density", "0.1")]
    [InlineData("--data belongs to fashion-mnist.", "train-vs-torch", "--shape", "cifar10", "--data", ".")]
    [InlineData("--density is 7; allowed: numbers above 0, at most 1", "train-vs-torch", "--shape", "cifar10", "--density", "0.1,7")]
    [InlineData("--rounds is 0; allowed: a whole number of at least 1", "kernels", "--rounds", "0")]
    [InlineData("--batch is all; allowed: a whole number of at least 1", "kernels", "--batch", "all")]
    public async Task Bench_BadOption_SaysWhatIsAllowed(string expected, params string[] arguments)
    {
        var bench = await SparseProcess.RunAsync(["bench", .. arguments]);

        Assert.Equal((5, ""), (bench.ExitCode, bench.Output));
        Assert.Contains(expected, bench.Errors, StringComparison.Ordinal);
        Assert.Contains($"`./sparse bench {arguments[0]} --help`", bench.Errors, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> QuickAsync(params string[] arguments)
    {
        var bench = await SparseProcess.RunAsync(["bench", .. arguments, "--quick", "--json"]);
        Assert.True(bench.ExitCode == 0, bench.Errors);
        var result = JsonElement.Parse(bench.Output);
        var origin = result.GetProperty("origin");
        Assert.StartsWith($"./sparse bench {arguments[0]}", origin.GetProperty("command").GetString(), StringComparison.Ordinal);
        Assert.All(["date", "processor", "runtime"], field => Assert.NotEqual("", origin.GetProperty(field).GetString()));
        return result;
    }

    private static List<JsonElement> Sides(JsonElement result) => [.. result.GetProperty("sides").EnumerateArray()];

    private static void AssertMeasured(JsonElement side)
    {
        var time = side.GetProperty("time");
        Assert.InRange(time.GetProperty("fastest").GetDouble(), 1e-9, time.GetProperty("median").GetDouble());
        Assert.InRange(time.GetProperty("median").GetDouble(), 1e-9, time.GetProperty("slowest").GetDouble());
    }
}
