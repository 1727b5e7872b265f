using System.CommandLine;
using System.Text.Json;
using SparseService.Cli.Machine;
using SparseService.Cli.Verbs;
using Spectre.Console;

namespace SparseService.Cli.Bench;

/// <summary><c>sparse bench train-vs-torch</c>: an epoch of training against tuned PyTorch, side by side.</summary>
internal sealed class TrainVersusTorch : Verb
{
    private const string Ours = "sparse train";
    private const string Spec = "deploy/examples/fashion-mnist.json";

    private static readonly string[] Variants = ["masked", "dense"];

    private readonly Option<int?> epochs = Number(
        "--epochs", 1, "Timed epochs in each round (1); ours does one more before them, to warm up.");
    private readonly Option<int?> rounds = Number("--rounds", 1, "Rounds, in each of which every side is measured once (3).");
    private readonly Option<string?> data = Text("--data", "DIR", "Fashion-MNIST's IDX files; random data of the same shape without it.");
    private readonly Option<bool> json = Flag("--json", "Print the result file in place of the table.");

    public TrainVersusTorch()
        : base(
            "train-vs-torch", "One epoch of the Fashion-MNIST network on one thread, against PyTorch dense and masked.",
            "./sparse bench train-vs-torch",
            "./sparse bench train-vs-torch --data DIR --rounds 5")
    {
        Options.Add(epochs);
        Options.Add(rounds);
        Options.Add(data);
        Options.Add(json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var root = Checkout.Require("bench");
        await TorchPeer.RequireAsync(cancellationToken);
        using var images = new TemporaryFolder();
        var folder = arguments.GetValue(data);
        if (folder is null)
        {
            RandomImages.Write(folder = images.Path);
        }

        var result = await MeasureAsync(root, folder, arguments.GetValue(epochs) ?? 1, arguments.GetValue(rounds) ?? 3, cancellationToken);
        var text = JsonSerializer.Serialize(result, ComparisonResult.Json);
        var path = Path.Combine(root, "benchmarks", "results", CpuModel.Folder, "train-vs-torch.json");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, text + "\n", cancellationToken);
        if (arguments.GetValue(json))
        {
            Console.WriteLine(text);
        }
        else
        {
            Print(result);
            Console.WriteLine($"Written to {Path.GetRelativePath(Environment.CurrentDirectory, path)}");
        }

        return ExitCode.Done;
    }

    private static async Task<ComparisonResult> MeasureAsync(
        string root, string folder, int epochs, int rounds, CancellationToken cancellationToken)
    {
        var torch = new TorchPeer(Path.Combine(root, "benchmarks", "peers", "torch_mlp.py"), folder);
        var tuning = new Dictionary<string, double>();
        foreach (var variant in Variants)
        {
            Console.Error.WriteLine($"Tuning PyTorch, {variant} …");
            foreach (var (name, seconds) in await torch.TuneAsync(variant, cancellationToken))
            {
                tuning[name] = seconds;
            }
        }

        var times = Variants.Prepend(Ours).ToDictionary(name => name, _ => new List<double>());
        var peak = 0L;
        for (var round = 1; round <= rounds; round++)
        {
            Console.Error.WriteLine($"Round {round} of {rounds} …");
            var (seconds, bytes) = await OwnTraining.MeasureAsync(Path.Combine(root, Spec), folder, epochs, cancellationToken);
            times[Ours].AddRange(seconds);
            peak = Math.Max(peak, bytes);
            foreach (var variant in Variants)
            {
                times[variant].AddRange(await torch.MeasureAsync(variant, epochs, cancellationToken));
            }
        }

        return new ComparisonResult
        {
            Command = $"./sparse bench train-vs-torch --epochs {epochs} --rounds {rounds}",
            Date = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd"),
            Processor = CpuModel.Name,
            Runtime = Environment.Version.ToString(),
            Torch = await TorchPeer.VersionAsync(cancellationToken),
            Blas = TorchPeer.BlasPath()!,
            CoreTypes = Variants.ToDictionary(name => name, torch.CoreType),
            Tuning = tuning,
            SecondsPerEpoch = [.. times.Select(side => new Series(side.Key, side.Value))],
            PeakMemoryBytes = peak,
        };
    }

    private static void Print(ComparisonResult result)
    {
        var table = new Table().AddColumns("one epoch, one thread", "median", "fastest", "slowest", "of ours (medians)");
        var ours = result.SecondsPerEpoch[0].Median;
        foreach (var side in result.SecondsPerEpoch)
        {
            table.AddRow(
                side.Name == Ours ? Ours : $"PyTorch {result.Torch}, {side.Name}", $"{side.Median:0.00} s", $"{side.Fastest:0.00} s",
                $"{side.Slowest:0.00} s", $"{side.Median / ours:0.0} x");
        }

        AnsiConsole.Write(table);
        Console.WriteLine($"Peak memory of our whole process: {result.PeakMemoryBytes / 1e6:0} MB. {result.Processor}, {result.Date}.");
    }
}
