using System.Text.Json;
using SparseService.Cli.Bench;
using SparseService.Cli.Bench.Live;
using SparseService.Cli.Bench.Peers;
using SparseService.Cli.Bench.Report;
using SparseService.Cli.Bench.Scale;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Cli.Machine;

namespace SparseService.Cli.Tests;

public class ReadmeTableTests
{
    private static readonly Origin Quiet = new("./sparse bench x --data DIR", "2026-11-21", "A Processor", "10.0.1", 0.01);

    [Fact]
    public void Readme_Always_AgreesWithTheResultFiles()
    {
        var root = Checkout.Require("this test");
        var page = File.ReadAllText(Path.Combine(root, "README.md"));

        var expected = ReadmeTable.Into(page, ReadmeTable.Of(root));

        Assert.True(page == expected, "README's figures are not those of the files; `./sparse bench readme` writes them.");
    }

    [Fact]
    public void KernelPage_Always_AgreesWithTheResultFiles()
    {
        var root = Checkout.Require("this test");
        var page = File.ReadAllText(Path.Combine(root, KernelTable.Path));

        Assert.True(
            page == ReadmeTable.Into(page, KernelTable.Of(root)),
            $"{KernelTable.Path}'s table is not what the result files say; `./sparse bench readme` writes it.");
    }

    [Fact]
    public void MeasuredPage_Always_AgreesWithTheResultFiles()
    {
        var root = Checkout.Require("this test");

        Assert.True(
            ReadmeTable.PageOf(root) == File.ReadAllText(Path.Combine(root, ReadmeTable.FullPage)),
            $"{ReadmeTable.FullPage} is not what the result files say; `./sparse bench readme` writes it.");
    }

    [Fact]
    public void PageOf_ResultFiles_HoldsWhatReadmeLeavesOut()
    {
        using var place = new ResultPlace();
        place.Write("train-vs-torch-2-threads", new TorchResult(
            Quiet, "fashion-mnist", 2, "1.13", "blas", new Dictionary<string, string>(), new Dictionary<string, double>(),
            [new Side("sparse train", new Series([0.5]), 1, null), new Side("PyTorch dense", new Series([5.0]), 1, 1)]));

        Assert.DoesNotContain("PyTorch dense", ReadmeTable.Of(place.Root), StringComparison.Ordinal);
        Assert.Contains("sparse train | **0.500 s**", ReadmeTable.Of(place.Root), StringComparison.Ordinal);
        Assert.Contains("PyTorch dense | 5.00 s, 10.0 times ours |", ReadmeTable.PageOf(place.Root), StringComparison.Ordinal);
    }

    [Fact]
    public void ScalePage_Always_AgreesWithTheResultFile()
    {
        var root = Checkout.Require("this test");
        var path = Path.Combine(root, ScalePage.Path);

        Assert.True(
            ScalePage.Of(root) == (File.Exists(path) ? File.ReadAllText(path) : null),
            "docs/scale.md is not what the result file says; `./sparse bench readme` writes it.");
    }

    [Fact]
    public void ScalingPage_Always_AgreesWithTheResultFile()
    {
        var root = Checkout.Require("this test");
        var path = Path.Combine(root, ScalingPage.Path);

        Assert.True(
            ScalingPage.Of(root) == (File.Exists(path) ? File.ReadAllText(path) : null),
            "docs/scaling.md is not what the result file says; `./sparse bench readme` writes it.");
    }

    [Fact]
    public void ScalePage_OfResults_HoldsBothTablesAndTheLargerNetworkOnPaper()
    {
        var network = new NetworkPoint(1_065_538, 4_000_000, 1, new Series([0.1]), 0.2, 0.3, 0.4, 64_000_000, 400_000_000, 7);

        var page = ScalePage.Of(new ScaleResult(Quiet, 2, [PointOf(1_000_000, 0.02)], [network], new Growth(1, 1.1, 1, 1)));

        Assert.Contains("| 1,000,000 | 20.00 ms, 20.0 ns |", page, StringComparison.Ordinal);
        Assert.Contains("| 1,065,538 | 4,000,000 | 1.00 s | 100.00 ms | 25.0 |", page, StringComparison.Ordinal);
        Assert.Contains("transpose 1.10", page, StringComparison.Ordinal);
        Assert.Contains("## 500,000,000 neurons, on paper", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_ResultFiles_NamesFigureMachineDateAndCommand()
    {
        using var place = new ResultPlace();
        place.Write("live-latency", new LatencyResult(Quiet, new Series([0.03, 0.02, 0.05])));
        place.Write("train-vs-torch", new TorchResult(
            Quiet, "fashion-mnist", 1, "1.13", "blas", new Dictionary<string, string>(), new Dictionary<string, double>(),
            [
                new Side("sparse train", new Series([0.5, 0.4, 0.6]), 1, null),
                new Side("PyTorch csr", new Series([5.0, 6.0, 7.0]), 1, 0.125),
            ]));

        var table = ReadmeTable.Of(place.Root);

        Assert.Contains("A Processor, 2026-11-21", table, StringComparison.Ordinal);
        Assert.Contains("median of 3 | 30 ms | `./sparse bench x --data DIR` |", table, StringComparison.Ordinal);
        Assert.Contains("sparse train | **0.500 s** (0.400 s to 0.600 s, 3 rounds) |", table, StringComparison.Ordinal);
        Assert.Contains("PyTorch csr, measured on 13 % of an epoch | 6.00 s, 12.0 times ours |", table, StringComparison.Ordinal);
        Assert.DoesNotContain("not quiet", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_SeveralDensities_ComparesEachPeerWithOursOfItsDensity()
    {
        using var place = new ResultPlace();
        place.Write("train-vs-torch-cifar10", new TorchResult(
            Quiet, "cifar10", 1, "1.13", "blas", new Dictionary<string, string>(), new Dictionary<string, double>(),
            [
                new Side("sparse train, density 0.05", new Series([1.0]), 1, null),
                new Side("sparse train, density 0.01", new Series([0.5]), 1, null),
                new Side("PyTorch dense", new Series([8.0]), 1, 1),
                new Side("PyTorch csr, density 0.01", new Series([4.0]), 1, 1),
            ]));

        var table = ReadmeTable.Of(place.Root);

        Assert.Contains("PyTorch dense | 8.00 s, 8.0 times ours", table, StringComparison.Ordinal);
        Assert.Contains("PyTorch csr, density 0.01 | 4.00 s, 8.0 times ours", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_BusyMachine_SaysSo()
    {
        using var place = new ResultPlace();
        place.Write("live-latency", new LatencyResult(Quiet with { BusyBefore = 0.6 }, new Series([0.03])));

        Assert.Contains("30 ms (the machine was not quiet)", ReadmeTable.Of(place.Root), StringComparison.Ordinal);
    }

    [Fact]
    public void Into_PageWithoutMarks_Refuses()
    {
        var fault = Assert.Throws<CliFault>(() => ReadmeTable.Into("# Page", "table"));

        Assert.Contains("The page has no lines", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(15.0, 0.15)]
    [InlineData(20.0, 0.2)]
    [InlineData(5.0, 0.0)]
    public void BreakEven_BetweenTwoDensities_LiesOnTheLine(double dense, double expected) =>
        Assert.Equal(expected, DensitySweep.BreakEven([(0.1, 10), (0.2, 20), (0.3, 40)], dense)!.Value, tolerance: 1e-9);

    [Fact]
    public void BreakEven_SparseAlwaysFaster_IsNone() => Assert.Null(DensitySweep.BreakEven([(0.1, 10), (1, 20)], 30));

    [Fact]
    public void Exponent_TimesThatGrowWithTheSquare_IsTwo()
    {
        LayerPoint[] points = [.. new[] { 1_000_000, 3_000_000, 10_000_000 }.Select(nnz => PointOf(nnz, 1e-12 * nnz * nnz))];

        Assert.Equal(2, ScaleBench.Exponent(points, point => point.Evolve.Median)!.Value, tolerance: 1e-9);
        Assert.Null(ScaleBench.Exponent(points[..1], point => point.Evolve.Median));
    }

    [Fact]
    public void ScalePlot_OfResults_HoldsEveryPointAsADot()
    {
        var layers = new[] { PointOf(1_000_000, 0.02), PointOf(10_000_000, 0.2) };
        var network = new NetworkPoint(1_000_000, 4_000_000, 1, new Series([0.1]), 0.2, 0.3, 0.4, 5, 6_000_000_000, 7);

        var svg = ScalePlot.Of(new ScaleResult(Quiet, 2, layers, [network], new Growth(1, 1, 1, 1)));

        var document = System.Xml.Linq.XDocument.Parse(svg);
        Assert.Equal((4 * 2) + 3, document.Descendants().Count(element => element.Name.LocalName == "circle"));
        Assert.Contains("A Processor, 2026-11-21", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void Serialize_NestedResult_KeepsEveryValueAndPutsLeavesOnOneLine()
    {
        var result = new LatencyResult(Quiet, new Series([0.03, 0.02, 0.05]));

        var text = ResultFile.Serialize(result);

        var lines = text.Split('\n');
        Assert.Contains(lines, line => line.Contains("[ 0.03, 0.02, 0.05 ]", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.InRange(line.Length, 1, 600));
        Assert.Equal(
            JsonSerializer.Serialize(result, ResultFile.Json),
            JsonSerializer.Serialize(JsonSerializer.Deserialize<LatencyResult>(text, ResultFile.Json), ResultFile.Json));
    }

    private static LayerPoint PointOf(int nnz, double seconds)
    {
        var time = new Series([seconds]);
        return new LayerPoint(nnz, nnz / 20, time, time, time, time, 1_000_000);
    }

    private sealed class ResultPlace : IDisposable
    {
        private readonly TemporaryFolder folder = new();

        public string Root => folder.Path;

        public void Write<T>(string name, T result)
        {
            var path = Directory.CreateDirectory(Path.Combine(Root, "benchmarks", "results", "a-processor")).FullName;
            File.WriteAllText(Path.Combine(path, $"{name}.json"), JsonSerializer.Serialize(result, ResultFile.Json));
        }

        public void Dispose() => folder.Dispose();
    }
}
