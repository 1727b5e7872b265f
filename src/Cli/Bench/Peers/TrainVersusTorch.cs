using System.CommandLine;
using System.Globalization;
using SparseService.Cli.Machine;
using Spectre.Console;

namespace SparseService.Cli.Bench.Peers;

/// <summary><c>sparse bench train-vs-torch</c>: an epoch of training against tuned PyTorch, side by side.</summary>
internal sealed class TrainVersusTorch : Benchmark<TorchResult>
{
    // A minibatch of torch.sparse_csr can take 80 ms: a whole epoch in each round would be most of the benchmark.
    private const int CsrPartsOfEpoch = 8;

    private static readonly string[] DenseVariants = ["dense", "masked"];
    private static readonly string[] CsrVariants = ["csr", "csr-tuned"];

    private readonly Option<string?> shape = Text(
        "--shape", "NAME",
        "fashion-mnist (784-1000-1000-1000-10, epsilon 20, batch 128; default) or cifar10 (3072-1024-1024-10, batch 100).");

    private readonly Option<IReadOnlyList<double>?> densities = Densities(
        "--density", "With cifar10: densities of our network, the first also PyTorch's mask's (0.05,0.01,0.001).");

    private readonly Option<int?> threads = Number("--threads", 1, "Threads of every side (1).");
    private readonly Option<string?> data = Text("--data", "DIR", "Fashion-MNIST's IDX files; random data of the same shape without it.");

    public TrainVersusTorch()
        : base(
            "train-vs-torch", "An epoch of training against PyTorch: dense, masked and torch.sparse_csr.", "about 3 minutes", 5,
            "./sparse bench train-vs-torch --data DIR",
            "./sparse bench train-vs-torch --data DIR --threads 2",
            "./sparse bench train-vs-torch --shape cifar10 --rounds 3")
    {
        AllowOnly(shape, BenchShape.FashionMnistName, BenchShape.Cifar10Name);
        foreach (var option in new Option[] { shape, densities, threads, data })
        {
            Options.Add(option);
        }

        AddRule(result =>
        {
            var isCifar = result.GetValue(shape) == BenchShape.Cifar10Name;
            if (isCifar ? result.GetValue(data) is not null : result.GetValue(densities) is not null)
            {
                result.AddError(isCifar ? "--data belongs to fashion-mnist." : "--density belongs to --shape cifar10.");
            }
        });
    }

    protected override string FileName(TorchResult result) =>
        Name + (result.Shape == BenchShape.Cifar10Name ? "-cifar10" : "") + (result.Threads > 1 ? $"-{result.Threads}-threads" : "");

    protected override async Task<TorchResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await TorchPeer.RequireAsync(cancellationToken);
        var count = run.Arguments.GetValue(threads) ?? 1;
        var shapes = Shapes(run);
        using var folder = new TemporaryFolder();
        var images = run.Arguments.GetValue(data);
        if (images is null)
        {
            var first = shapes[0].Shape;
            RandomImages.Write(images = folder.Path, first.TrainRows, first.TestRows, first.Height, first.Width, classes: 10);
        }

        var torch = new TorchPeer(run.Root, shapes[0].Shape, images, count);
        var tuning = await torch.TuneAsync(DenseVariants, run.Quick, cancellationToken);
        var contenders = new List<Contender>();
        foreach (var (suffix, one) in shapes)
        {
            var spec = OwnTraining.WriteSpec(folder.Path, $"spec{contenders.Count}", one.Options);
            contenders.Add(new(OwnTraining.SideName + suffix, new OwnTraining(spec, images, count).MeasureAsync));
        }

        contenders.AddRange(DenseVariants.Select(variant => new Contender(
            $"PyTorch {variant}", token => torch.MeasureAsync(variant, null, token))));
        foreach (var (suffix, one) in shapes)
        {
            var peer = torch.For(one);
            contenders.AddRange(CsrVariants.Select(variant => new Contender(
                $"PyTorch {variant}{suffix}",
                token => peer.MeasureAsync(variant, Math.Max(1, one.BatchesPerEpoch / CsrPartsOfEpoch), token))));
        }

        return new TorchResult(
            run.Origin, shapes[0].Shape.Name, count, await TorchPeer.VersionAsync(cancellationToken), TorchPeer.BlasPath()!,
            torch.CoreTypes, tuning, await Race.RunAsync(contenders, run.Rounds, cancellationToken));
    }

    protected override void Print(TorchResult result)
    {
        var table = new Table().AddColumns(
            $"one epoch, {result.Threads} thread(s)", "median", "fastest", "slowest", "of the first", "memory", "measured");
        var ours = result.Sides[0].Median;
        foreach (var side in result.Sides)
        {
            table.AddRow(
                side.Name, $"{side.Median:0.000} s", $"{side.Time.Fastest:0.000} s", $"{side.Time.Slowest:0.000} s",
                $"{side.Median / ours:0.0} x", $"{side.PeakMemoryBytes / 1e6:0} MB", side.Share < 1 ? $"{side.Share:0 %} of it" : "all");
        }

        BenchRun.Show(table);
        Console.WriteLine($"PyTorch {result.Torch}. {result.Origin.Processor}, {result.Origin.Date}.");
    }

    private List<(string Suffix, BenchShape Shape)> Shapes(BenchRun run)
    {
        var shapes = run.Arguments.GetValue(shape) == BenchShape.Cifar10Name
            ? (run.Arguments.GetValue(densities) ?? [0.05, 0.01, 0.001])
                .Select(density => (string.Create(CultureInfo.InvariantCulture, $", density {density}"), BenchShape.Cifar10(density)))
            : [("", BenchShape.FashionMnist(run.Root))];
        return [.. shapes.Select(one => (one.Item1, run.Quick ? one.Item2.Quick() : one.Item2))];
    }
}

/// <param name="Tuning">Seconds per epoch of every setting that was tried.</param>
/// <param name="Sides">Seconds per epoch, ours first. Ours includes evolution, which no peer here does.</param>
internal sealed record TorchResult(
    Origin Origin, string Shape, int Threads, string Torch, string Blas, IReadOnlyDictionary<string, string> CoreTypes,
    IReadOnlyDictionary<string, double> Tuning, IReadOnlyList<Side> Sides);
