using System.CommandLine;
using System.Globalization;
using SparseService.Cli.Bench.Peers;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Kernels;

/// <summary><c>sparse bench kernels</c>: each operation of a training step against what this machine could do at most.</summary>
internal sealed class KernelBench : Benchmark<KernelResult>
{
    private static readonly int[] Batches = [1, 5, 32, 100, 128, 1024];
    private static readonly double[] CifarDensities = [0.05, 0.01, 0.001];

    private readonly Option<int?> threads = Number("--threads", 1, "Threads of the kernels and of the limits (1).");
    private readonly Option<int?> batch = Number("--batch", 1, "Samples in a minibatch (each of 1, 5, 32, 100, 128, 1024).");

    public KernelBench()
        : base(
            "kernels", "The operations of a training step, in GFLOP/s, beside the limits of this machine.", "about 1 minute", 9,
            "./sparse bench kernels",
            "./sparse bench kernels --threads 2 --batch 128")
    {
        Options.Add(threads);
        Options.Add(batch);
    }

    protected override string FileName(KernelResult result) => Name + (result.Threads > 1 ? $"-{result.Threads}-threads" : "");

    protected override Task<KernelResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var count = run.Arguments.GetValue(threads) ?? 1;
        BenchRun.Say("Limits of this machine …");

        // A limit is the fastest that was seen, which takes more tries than a median.
        var limits = MachineLimits.Measure(count, run.Quick ? 1 : Math.Max(40, 4 * run.Rounds));
        using var backend = Backend.Create(threads: count);
        var operations = new List<KernelSpeed>();
        int[] batches = run.Arguments.GetValue(batch) is { } one ? [one] : run.Quick ? [5] : Batches;
        WarmUp(Networks(run), backend);
        foreach (var (name, options) in Networks(run))
        {
            foreach (var samples in batches)
            {
                cancellationToken.ThrowIfCancellationRequested();
                BenchRun.Say($"{name}, batch {samples} …");
                using var network = new KernelNetwork(options, samples, backend);
                operations.AddRange(Measure(name, network, limits, run.Rounds));
            }
        }

        return Task.FromResult(new KernelResult(run.Origin, count, limits, operations));
    }

    protected override void Print(KernelResult result)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumns("network", "batch", "operation", "layer", "µs", "GFLOP/s", "best", "bound", "limit", "reached", "untiled",
                "reached");
        foreach (var speed in result.Operations)
        {
            table.AddRow(
                speed.Network, $"{speed.Batch}", speed.Operation, speed.Layer, $"{speed.Microseconds.Median:0.0}", $"{speed.Gflops:0.0}",
                $"{speed.BestGflops:0.0}", $"{speed.BoundGflops:0.0}", speed.Limit, $"{speed.Reached:0 %}",
                $"{speed.UntiledBoundGflops:0.0}", $"{speed.ReachedUntiled:0 %}");
        }

        BenchRun.Show(table);
        Console.WriteLine(
            $"Limits: {result.Limits.FmaGflops:0} GFLOP/s, L1 {result.Limits.L1GigabytesPerSecond:0} GB/s, "
            + $"L2 {result.Limits.L2GigabytesPerSecond:0} GB/s, memory {result.Limits.MemoryGigabytesPerSecond:0} GB/s. "
            + $"{result.Threads} thread(s). {result.Origin.Processor}, {result.Origin.Date}.");
    }

    private static IEnumerable<(string Name, TrainingOptions Options)> Networks(BenchRun run)
    {
        if (run.Quick)
        {
            return [("20-30-2", new TrainingOptions { Network = new NetworkOptions { Layers = [20, 30, 2] } })];
        }

        var cifar = CifarDensities.Select(density =>
            (string.Create(CultureInfo.InvariantCulture, $"cifar10 {density}"), BenchShape.Cifar10(density).Options));
        return cifar.Prepend(("fashion-mnist", BenchShape.FashionMnist(run.Root).Options));
    }

    // The compiler looks at a body again after its first calls: none of the measured ones may be among them.
    private static void WarmUp(IEnumerable<(string Name, TrainingOptions Options)> networks, Backend backend)
    {
        foreach (var samples in Batches)
        {
            using var network = new KernelNetwork(networks.First().Options, samples, backend);
            foreach (var operation in OperationsOf(network))
            {
                Rounds.Seconds(Rounds.CallsOf(operation.Run), operation.Run);
            }
        }
    }

    private static IEnumerable<KernelSpeed> Measure(string name, KernelNetwork network, MachineLimits limits, int rounds)
    {
        var operations = OperationsOf(network).Select(operation => (operation, Seconds: new List<double>())).ToList();
        var calls = operations.ConvertAll(one => Rounds.CallsOf(one.operation.Run));
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (index, (operation, seconds)) in operations.Index())
            {
                network.Reset(operation.Layer);
                seconds.Add(Rounds.Seconds(calls[index], operation.Run) / calls[index]);
            }
        }

        foreach (var (operation, seconds) in operations)
        {
            var time = new Series(seconds);
            var (limit, bound) = operation.Traffic.Bound(limits);
            var untiled = operation.Traffic.UntiledBound(limits);
            var (median, best) = (1e-9 * operation.Traffic.Flops / time.Median, 1e-9 * operation.Traffic.Flops / time.Fastest);
            yield return new KernelSpeed(
                name, network.Batch, operation.Name, $"{network.Widths[operation.Layer]}-{network.Widths[operation.Layer + 1]}",
                network.Nnz(operation.Layer), Spread.Of(time, 1e6), median, best, operation.Traffic, bound, limit, best / bound,
                untiled, best / untiled);
        }
    }

    private static IEnumerable<Operation> OperationsOf(KernelNetwork network)
    {
        for (var index = 0; index < network.Layers; index++)
        {
            var layer = index;
            var (inputs, outputs, nnz) = (network.Widths[layer], network.Widths[layer + 1], network.Nnz(layer));
            var (usedInputs, usedOutputs) = network.Connected(layer);

            // Bytes per connection: value and column; row, position and value; value, column and momentum, two of them written as well;
            // row, position, value, gradient, then place, gradient, value and momentum, the last two also written.
            yield return new("forward", layer, Of(usedInputs, outputs, 8, onBytes: 4), () => network.Forward(layer));
            yield return new("train forward", layer, Of(usedInputs, 2L * outputs, 8, onBytes: 4), () => network.TrainingForward(layer));
            if (layer > 0)
            {
                yield return new("input gradient", layer, Of(usedOutputs, 2L * inputs, 12), () => network.InputGradient(layer));
                yield return new("backward", layer, Of(usedOutputs, 3L * inputs, 40, products: 2), () => network.Backward(layer));
            }

            yield return new("weight update", layer, Of(usedInputs, usedOutputs, 20, onBytes: 3), () => network.Update(layer));

            KernelTraffic Of(long gathered, long streamed, int bytes, int products = 1, int? onBytes = null) =>
                KernelTraffic.Of(nnz, network.Batch, gathered, streamed, bytes, products, network.ReadsBytes(layer) ? onBytes : null);
        }
    }

    private sealed record Operation(string Name, int Layer, KernelTraffic Traffic, Action Run);
}
