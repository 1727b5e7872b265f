using System.CommandLine;
using System.Text.Json;
using SparseService.Cli.Machine;
using SparseService.Cli.Verbs;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench;

/// <summary><c>sparse bench kernels</c>: each operation of a training step against what this machine could do at most.</summary>
internal sealed class KernelBench : Verb
{
    private const string Spec = "deploy/examples/fashion-mnist.json";

    // An input this small stays in the first-level cache: then its rows cost the second level nothing.
    private const long FirstLevelBytes = 32 << 10;

    private readonly Option<int?> threads = Number("--threads", 1, "Threads of the kernels and of the limits (1).");
    private readonly Option<int?> batch = Number("--batch", 1, "Samples in a minibatch (128).");
    private readonly Option<int?> rounds = Number("--rounds", 1, "Rounds of about 10 ms for each number (21).");
    private readonly Option<bool> json = Flag("--json", "Print the result file in place of the tables.");

    public KernelBench()
        : base(
            "kernels", "The operations of a training step, in GFLOP/s, beside the limits of this machine.",
            "./sparse bench kernels",
            "./sparse bench kernels --threads 2 --batch 32")
    {
        Options.Add(threads);
        Options.Add(batch);
        Options.Add(rounds);
        Options.Add(json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var root = Checkout.Require("bench");
        var spec = RunSpecJson.Parse(await File.ReadAllBytesAsync(Path.Combine(root, Spec), cancellationToken));
        var result = Measure(
            spec.Training, arguments.GetValue(threads) ?? 1, arguments.GetValue(batch) ?? 128, arguments.GetValue(rounds) ?? 21);
        var text = JsonSerializer.Serialize(result, ComparisonResult.Json);
        var path = Path.Combine(root, "benchmarks", "results", CpuModel.Folder, "kernels.json");
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

    private static KernelResult Measure(TrainingOptions options, int threads, int batch, int rounds)
    {
        // A limit is the fastest that was seen, which takes more tries than a median.
        var limits = MachineLimits.Measure(threads, 4 * rounds);
        using var backend = Backend.Create(threads: threads);
        using var network = new KernelNetwork(options, batch, backend);
        var operations = new List<KernelSpeed>();
        for (var index = 0; index < network.Layers; index++)
        {
            var layer = index;
            var (inputs, outputs) = (network.Widths[layer], network.Widths[layer + 1]);
            Add("forward", network.Forward, layer, gathered: inputs, streamed: outputs, arrays: 2);
            Add("train forward", network.TrainingForward, layer, gathered: inputs, streamed: 2L * outputs, arrays: 2);
            if (layer > 0)
            {
                Add("input grad.", network.InputGradient, layer, gathered: outputs, streamed: 2L * inputs, arrays: 3);
            }

            Add("weight grad.", network.WeightGradient, layer, gathered: inputs, streamed: outputs, arrays: 2);
            Add("fused update", network.Update, layer, gathered: inputs, streamed: outputs, arrays: 5);
        }

        return new KernelResult
        {
            Command = $"./sparse bench kernels --threads {threads} --batch {batch} --rounds {rounds}",
            Date = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd"),
            Processor = CpuModel.Name,
            Runtime = Environment.Version.ToString(),
            Threads = threads,
            Batch = batch,
            Limits = limits,
            Operations = operations,
            Steps = [.. Steps(options, batch, rounds, backend)],
        };

        // gathered, streamed: neurons whose rows of the minibatch are read once per connection, and once in all.
        // arrays: 4-byte numbers read or written per connection.
        void Add(string operation, Action<int> run, int layer, long gathered, long streamed, int arrays)
        {
            var nnz = network.Nnz(layer);
            var time = Rounds.Time(operation, rounds, () => run(layer));
            var flops = 2.0 * nnz * batch;
            var rowBytes = 4L * batch;
            var once = (streamed * rowBytes) + (4L * arrays * nnz);
            var wholeBytes = once + (gathered * rowBytes);
            var inLastLevel = wholeBytes <= CpuModel.LastLevelCacheBytes;
            var inFirstLevel = gathered * rowBytes <= FirstLevelBytes;
            var l2Bytes = once + ((inFirstLevel ? gathered : nnz) * rowBytes);
            var bounds = new (string Name, double Gflops)[]
            {
                ("FMA", limits.FmaGflops),
                ("L2", limits.L2GigabytesPerSecond * flops / l2Bytes),
                ("memory", inLastLevel ? double.PositiveInfinity : limits.MemoryGigabytesPerSecond * flops / wholeBytes),
            };
            var bound = bounds.MinBy(candidate => candidate.Gflops);
            operations.Add(new KernelSpeed(
                operation, $"{network.Widths[layer]}-{network.Widths[layer + 1]}", nnz,
                1e-9 * flops / time.Median, 1e-9 * flops / time.Fastest,
                l2Bytes / flops, bound.Gflops, bound.Name));
        }
    }

    private static IEnumerable<StepTime> Steps(TrainingOptions options, int batch, int rounds, Backend backend)
    {
        var small = options with { Network = options.Network with { Layers = [20, 20, 2] } };
        foreach (var (of, samples) in new[] { (options, batch), (options, 1), (small, batch), (small, 1) }.Distinct())
        {
            using var network = new KernelNetwork(of, samples, backend);
            var time = Rounds.Time("step", rounds, network.Step);
            yield return new StepTime(string.Join('-', network.Widths), samples, 1e6 * time.Median, 1e6 * time.Fastest);
        }
    }

    private static void Print(KernelResult result)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumns("operation", "layer", "GFLOP/s", "best", "B/flop", "bound", "limit", "share");
        foreach (var speed in result.Operations)
        {
            table.AddRow(
                speed.Operation, speed.Layer, $"{speed.Gflops:0.0}", $"{speed.BestGflops:0.0}", $"{speed.L2BytesPerFlop:0.00}",
                $"{speed.BoundGflops:0.0}", speed.Limit, $"{speed.Reached:0 %}");
        }

        AnsiConsole.Write(table);
        var steps = new Table().AddColumns("kernels of one step", "batch", "median", "best");
        foreach (var step in result.Steps)
        {
            steps.AddRow(step.Network, $"{step.Batch}", $"{step.Microseconds:0.0} µs", $"{step.BestMicroseconds:0.0} µs");
        }

        AnsiConsole.Write(steps);
        Console.WriteLine(
            $"Limits: {result.Limits.FmaGflops:0} GFLOP/s, L2 {result.Limits.L2GigabytesPerSecond:0} GB/s, "
            + $"memory {result.Limits.MemoryGigabytesPerSecond:0} GB/s. {result.Threads} thread(s), batch {result.Batch}. "
            + $"{result.Processor}, {result.Date}.");
    }
}
