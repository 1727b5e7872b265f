using System.Text.Json;

namespace SparseService.Cli.Tests;

/// <summary>The quick form of each benchmark: it works, and its result holds what readers expect. What it measures is not judged.</summary>
public class BenchTests
{
    private static readonly string?[] Limits = ["FMA", "L1", "L2", "memory"];

    [Fact]
    public async Task Parallel_Quick_HoldsEveryNumberOfRanksByBothMethods()
    {
        var result = await QuickAsync("parallel");

        var rows = result.GetProperty("rows").EnumerateArray()
            .Where(row => row.GetProperty("transport").GetString() == "threads").ToList();
        Assert.Equal(
            [("partitioned", 1), ("partitioned", 2), ("partitioned", 4), ("wasap", 1), ("wasap", 2), ("wasap", 4)],
            rows.Select(row => (row.GetProperty("method").GetString(), row.GetProperty("ranks").GetInt32())));
        Assert.All(rows, row => Assert.InRange(row.GetProperty("throughput").GetProperty("median").GetDouble(), 1, 1e9));
        Assert.All(
            rows.Take(3), row => Assert.Equal(row.GetProperty("ranks").GetInt32() > 1, row.GetProperty("bytesPerEpoch").GetDouble() > 0));
    }

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
            ["forward", "train forward", "weight update", "forward", "train forward", "input gradient", "backward", "weight update"],
            operations.Select(operation => operation.GetProperty("operation").GetString()));
        Assert.All(operations, operation =>
        {
            Assert.InRange(operation.GetProperty("reached").GetDouble(), 1e-9, 1e9); // of a bound measured at another moment
            Assert.InRange(operation.GetProperty("gflops").GetDouble(), 1e-6, operation.GetProperty("bestGflops").GetDouble());
            Assert.Contains(operation.GetProperty("limit").GetString(), Limits);
            var traffic = operation.GetProperty("traffic");
            Assert.Equal(
                (operation.GetProperty("operation").GetString() == "backward" ? 4.0 : 2.0)
                * operation.GetProperty("nnz").GetInt64() * operation.GetProperty("batch").GetInt32(),
                traffic.GetProperty("flops").GetDouble());
            Assert.InRange(traffic.GetProperty("l2Bytes").GetDouble(), 0, traffic.GetProperty("untiledL2Bytes").GetDouble());
        });
    }

    [Fact]
    public async Task Challenge_Quick_HoldsOursWithTheExactCategories()
    {
        var result = await QuickAsync("challenge", "--own");

        Assert.Equal((1024, 4, 300), (
            result.GetProperty("neurons").GetInt32(), result.GetProperty("layers").GetInt32(), result.GetProperty("inputs").GetInt32()));
        Assert.InRange(result.GetProperty("l3GigabytesPerSecond").GetDouble(), 0.1, 1e6);
        Assert.All(Sides(result), side =>
        {
            Assert.Equal(("ours", true), (side.GetProperty("name").GetString(), side.GetProperty("isExact").GetBoolean()));
            Assert.InRange(side.GetProperty("survivors").GetInt32(), 1, 299);
            Assert.InRange(side.GetProperty("executedRate").GetDouble(), 1, side.GetProperty("challengeRate").GetDouble());
            AssertMeasured(side);
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

    [Fact]
    public async Task DensitySweep_Quick_HoldsBothEndsAndOurDense()
    {
        var result = await QuickAsync("density-sweep");

        var points = result.GetProperty("points").EnumerateArray().ToList();
        Assert.Equal([0.01, 1], points.Select(point => point.GetProperty("density").GetDouble()));
        Assert.Equal((64 * 80) + (80 * 10), points[1].GetProperty("nnz").GetInt64());
        Assert.All(points, point => AssertOrdered(point.GetProperty("step")));
        AssertOrdered(result.GetProperty("ownDense"));
    }

    [Fact]
    public async Task WidthSweep_Quick_HoldsSparseAndDenseOfEachWidth()
    {
        var points = (await QuickAsync("width-sweep")).GetProperty("points").EnumerateArray().ToList();

        Assert.Equal([30, 60], points.Select(point => point.GetProperty("width").GetInt32()));
        Assert.All(points, point =>
        {
            AssertOrdered(point.GetProperty("step"));
            AssertOrdered(point.GetProperty("denseStep"));
            Assert.InRange(point.GetProperty("density").GetDouble(), 0.01, 1);
            Assert.InRange(point.GetProperty("gflops").GetDouble(), 1e-6, 1e4);
        });
    }

    [Fact]
    public async Task Steps_Quick_HoldsBothNetworks()
    {
        var points = (await QuickAsync("steps")).GetProperty("points").EnumerateArray().ToList();

        Assert.Equal(["20-20-2", "784-1000-1000-1000-10"], points.Select(point => point.GetProperty("network").GetString()));
        Assert.All(points, point => AssertOrdered(point.GetProperty("step")));
    }

    [Fact]
    public async Task Threads_Quick_ComparesWithProcessesSideBySide()
    {
        var result = await QuickAsync("threads");

        double Median(string rate) => result.GetProperty(rate).GetProperty("median").GetDouble();
        Assert.Equal(Median("severalThreads") / Median("sideBySide"), result.GetProperty("ofCeiling").GetDouble(), tolerance: 1e-3);
        Assert.Equal(Median("severalThreads") / Median("oneThread"), result.GetProperty("ofOneThread").GetDouble(), tolerance: 1e-3);
    }

    [Fact]
    public async Task Memory_Quick_HoldsPeakAndForecast()
    {
        var point = (await QuickAsync("memory")).GetProperty("points").EnumerateArray().Single();

        Assert.InRange(point.GetProperty("peakBytes").GetInt64(), 10_000_000, 1_000_000_000);
        Assert.InRange(point.GetProperty("forecastBytes").GetInt64(), 12 * point.GetProperty("nnz").GetInt64(), 100_000_000);
    }

    [Fact]
    public async Task Scaling_Quick_HoldsMeasuredAndPredictedSteps()
    {
        var result = await QuickAsync("scaling");

        var validations = result.GetProperty("validations").EnumerateArray().ToList();
        Assert.Equal(2 * 5, validations.Count);
        Assert.All(validations, point =>
        {
            Assert.True(point.GetProperty("measuredSeconds").GetDouble() > 0);
            Assert.True(point.GetProperty("predictedSeconds").GetDouble() > 0);
            Assert.Equal(point.GetProperty("ranks").GetInt32() > 1, point.GetProperty("words").GetDouble() > 0);
        });
        Assert.Equal(6 * 2 * 2 * 6, result.GetProperty("predictions").GetArrayLength());
    }

    [Fact]
    public async Task Scale_Quick_HoldsLayersAndNetworks()
    {
        var result = await QuickAsync("scale");

        var layers = result.GetProperty("layers").EnumerateArray().ToList();
        Assert.Equal(2, layers.Count);
        Assert.All(layers.Zip([1e4, 2e4]), layer =>
        {
            Assert.InRange(layer.First.GetProperty("nnz").GetInt64() / layer.Second, 0.9, 1.1);
            Assert.All(["initialise", "transpose", "evolve", "prune"], part => AssertOrdered(layer.First.GetProperty(part)));
        });
        var network = result.GetProperty("networks").EnumerateArray().Single();
        Assert.Equal(65_536 + 1_000 + 2, network.GetProperty("neurons").GetInt64());
        AssertOrdered(network.GetProperty("step"));
        Assert.True(network.GetProperty("checkpointBytes").GetInt64() > 12 * network.GetProperty("nnz").GetInt64());
    }

    [Fact]
    public async Task Wasap_Quick_MeasuresWorkersBesideSequentialTrainings()
    {
        var result = await QuickAsync("wasap");

        Assert.Equal(2, result.GetProperty("workers").GetInt32());
        Assert.All(["sideBySide", "wasap", "wassp"], side =>
        {
            var rate = result.GetProperty(side);
            Assert.All(["training", "whole"], of => Assert.True(rate.GetProperty(of).GetProperty("samplesPerSecond")[0].GetDouble() > 0));
            Assert.InRange(rate.GetProperty("waitingShare").GetDouble(), 0, 1);
        });
    }

    [Fact]
    public async Task Predict_Quick_HoldsCallsStreamsAndBothWaysOfTheEngine()
    {
        var result = await QuickAsync("predict");

        Assert.All(result.GetProperty("engine").EnumerateArray(), point =>
            Assert.All(["oneByOne", "together", "padded"], way => AssertOrdered(point.GetProperty(way))));
        var calls = result.GetProperty("calls").EnumerateArray().ToList();
        Assert.Equal([1, 1, 32, 32, 1000, 1000], calls.Select(call => call.GetProperty("rows").GetInt32()));
        Assert.All(calls, call =>
        {
            Assert.InRange(call.GetProperty("median").GetDouble(), 1e-6, call.GetProperty("p99").GetDouble());
            Assert.InRange(call.GetProperty("engineShare").GetDouble(), 1e-6, 1);
        });
        Assert.All(result.GetProperty("streams").EnumerateArray(), stream =>
            Assert.True(stream.GetProperty("rowsPerSecond").GetDouble() > 0));
    }

    [Theory]
    [InlineData("Accuracy needs real data", "accuracy", "--quick")]
    [InlineData("Accuracy needs real data", "accuracy-parallel", "--quick")]
    [InlineData("--max-nnz is 7; allowed: a number from 1e5 to 2e9", "scale", "--max-nnz", "7")]
    [InlineData("--max-neurons is many; allowed: a number from 1e6 to 1e9", "scale", "--max-neurons", "many")]
    [InlineData("--shape is 'mnist'; allowed: fashion-mnist, cifar10", "train-vs-torch", "--shape", "mnist")]
    [InlineData("--density belongs to --shape cifar10.", "train-vs-torch", "--density", "0.1")]
    [InlineData("--data belongs to fashion-mnist.", "train-vs-torch", "--shape", "cifar10", "--data", ".")]
    [InlineData("--density is 7; allowed: numbers above 0, at most 1", "train-vs-torch", "--shape", "cifar10", "--density", "0.1,7")]
    [InlineData("--rounds is 0; allowed: a whole number of at least 1", "kernels", "--rounds", "0")]
    [InlineData("--batch is all; allowed: a whole number of at least 1", "kernels", "--batch", "all")]
    [InlineData("--neurons is 0; allowed: a whole number of at least 1", "challenge", "--neurons", "0")]
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

    private static void AssertMeasured(JsonElement side) => AssertOrdered(side.GetProperty("time"));

    private static void AssertOrdered(JsonElement time)
    {
        Assert.InRange(time.GetProperty("fastest").GetDouble(), 1e-9, time.GetProperty("median").GetDouble());
        Assert.InRange(time.GetProperty("median").GetDouble(), 1e-9, time.GetProperty("slowest").GetDouble());
    }
}
