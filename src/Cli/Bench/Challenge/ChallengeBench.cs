using System.CommandLine;
using SparseService.Cli.Bench.Kernels;
using SparseService.Cli.Challenge;
using SparseService.Engine.Inference;
using SparseService.Engine.Inference.Challenge;
using SparseService.Engine.Topology;
using Spectre.Console;

namespace SparseService.Cli.Bench.Challenge;

/// <summary><c>sparse bench challenge</c>: inference through the Graph Challenge's networks against SuiteSparse:GraphBLAS.</summary>
internal sealed class ChallengeBench : Benchmark<ChallengeResult>
{
    private const int L3Bytes = 8 << 20;
    private const int QuickLayers = 4;
    private const int QuickInputs = 300;

    private static readonly string[] Ways = ["apply", "lagraph"];

    private readonly Option<int?> neurons = Number("--neurons", 1, "Of a layer: 1024 (default), 4096, 16384 or 65536.");
    private readonly Option<int?> layers = Number("--layers", 1, "120 (default), 480 or 1920.");
    private readonly Option<string?> network = Text("--network", "KIND", "official (default) or random.");
    private readonly Option<string?> data = Text("--data", "DIR", "MNIST's IDX files; generated inputs without it.");
    private readonly Option<string?> way = Text("--way", "WAY", "GraphBLAS in one way alone: apply (the faster) or lagraph.");
    private readonly Option<bool> own = Flag("--own", "Ours alone.");

    public ChallengeBench()
        : base(
            "challenge", "Inference through the Graph Challenge's networks against SuiteSparse:GraphBLAS.", "about 3 minutes", 3,
            "./sparse bench challenge --data DIR",
            "./sparse bench challenge --neurons 4096 --data DIR --own")
    {
        foreach (var option in new Option[] { neurons, layers, network, data, way, own })
        {
            Options.Add(option);
        }

        AllowOnly(network, "official", "random");
        AllowOnly(way, Ways);
        AddRule(result =>
        {
            if (result.GetValue(neurons) is { } count && !RadixNet.Sizes.Contains(count))
            {
                result.AddError($"--neurons is {count}; allowed: {string.Join(", ", RadixNet.Sizes)}");
            }
        });
    }

    protected override string FileName(ChallengeResult result) => (result.Neurons, result.Layers, result.Network) is (1024, 120, "official")
        ? Name
        : $"{Name}-{(result.Network == "random" ? "random-" : "")}{result.Neurons}x{result.Layers}";

    protected override async Task<ChallengeResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var isRandom = run.Arguments.GetValue(network) == "random";
        var request = new ChallengeRequest
        {
            Network = new ChallengeNetwork(
                run.Arguments.GetValue(neurons) ?? RadixNet.Sizes[0], run.Quick ? QuickLayers : run.Arguments.GetValue(layers) ?? 120,
                isRandom ? ChallengeKind.Random : ChallengeKind.Official),
            Data = run.Arguments.GetValue(data),
            Backend = "simd",
            Inputs = run.Quick ? QuickInputs : null,
        };
        BenchRun.Say("Inputs, network, exact categories …");
        var files = new ChallengeFiles(request);
        var (inputs, origin) = files.Inputs();
        var made = files.Layers().ToArray();
        var exact = ExactCategories.Of(() => LayerFeed.Of(made), inputs);
        using var peer = run.Arguments.GetValue(own) || (run.Quick && !GraphBlasPeer.IsInstalled)
            ? null
            : await GraphBlasPeer.BuildAsync(run.Root, request, inputs, exact, cancellationToken);
        BenchRun.Say("Limits of this machine …");
        var limits = MachineLimits.Measure(1, run.Quick ? 1 : 40);
        var third = MachineLimits.Bandwidth(1, run.Quick ? 1 : 40, L3Bytes / sizeof(float));
        var started = new List<SparseInference>();
        var ways = run.Arguments.GetValue(way) is { } chosen ? [chosen] : Ways;
        var contenders = Own(made, inputs, started).Concat(peer is null ? [] : ways.Select(one => new Entrant(
            $"GraphBLAS, {one}", 1, async token =>
            {
                var (seconds, survivors) = await peer.RunAsync(one, 1, token);
                return (seconds, survivors, null);
            }))).ToList();
        var sides = await RaceAsync(contenders, run.Rounds, exact, request.Network.Work(inputs.Rows), limits, cancellationToken);
        started.ForEach(inference => inference.Dispose());
        foreach (var layer in made)
        {
            layer.Dispose();
        }

        return new ChallengeResult(
            run.Origin, isRandom ? "random" : "official", request.Network.Neurons, request.Network.Layers, inputs.Rows, origin,
            limits, third, sides);
    }

    protected override void Print(ChallengeResult result)
    {
        var table = new Table().AddColumns(
            $"{result.Network} {result.Neurons}×{result.Layers}", "threads", "median s", "fastest", "slowest", "challenge edges/s",
            "executed edges/s", "of L2", "of ours", "categories");
        foreach (var side in result.Sides)
        {
            table.AddRow(
                side.Name, $"{side.Threads}", $"{side.Time.Median:0.000}", $"{side.Time.Fastest:0.000}", $"{side.Time.Slowest:0.000}",
                $"{side.ChallengeRate:0.00e+0}", $"{side.ExecutedRate:0.00e+0}", $"{side.OfL2:0 %}", $"{side.TimesOfOne:0.0}",
                $"{side.Survivors}{(side.IsExact ? "" : ", not the exact ones")}");
        }

        BenchRun.Show(table);
        Console.WriteLine(
            $"Limits of one thread: {result.Limits.FmaGflops:0} GFLOP/s, L1 {result.Limits.L1GigabytesPerSecond:0} GB/s, "
            + $"L2 {result.Limits.L2GigabytesPerSecond:0} GB/s, L3 {result.L3GigabytesPerSecond:0} GB/s, "
            + $"memory {result.Limits.MemoryGigabytesPerSecond:0} GB/s. {result.Origin.Processor}, {result.Origin.Date}.");
        if (result.Network == "official")
        {
            Console.WriteLine(ChallengeReport.Degenerate);
        }
    }

    // A whole run before the first timed one: the compiler's work, and memory that was never touched, are no part of a rate.
    private static IEnumerable<Entrant> Own(CompactLayer[] layers, BitRows inputs, List<SparseInference> started) =>
        new[] { 1, Environment.ProcessorCount }.Distinct().Select(threads =>
        {
            var inference = SparseInference.Create("simd", threads);
            started.Add(inference);
            inference.Run(LayerFeed.Of(layers), inputs);
            return new Entrant("ours", threads, _ =>
            {
                var result = inference.Run(LayerFeed.Of(layers), inputs);
                return Task.FromResult<(double, IReadOnlyList<int>, double?)>((result.Seconds, result.Survivors, result.ExecutedEdges));
            });
        });

    private static async Task<IReadOnlyList<ChallengeSide>> RaceAsync(
        List<Entrant> entrants, int rounds, int[] exact, double work, MachineLimits limits, CancellationToken cancellationToken)
    {
        var seconds = entrants.ConvertAll(_ => new List<double>());
        var last = new (double Seconds, IReadOnlyList<int> Survivors, double? Executed)[entrants.Count];
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var (index, entrant) in entrants.Index())
            {
                BenchRun.Say($"Round {round} of {rounds}: {entrant.Name}, {entrant.Threads} thread(s) …");
                last[index] = await entrant.RunAsync(cancellationToken);
                seconds[index].Add(last[index].Seconds);
            }
        }

        var one = new Series(seconds[0]).Median;
        return
        [
            .. entrants.Select((entrant, index) =>
            {
                var time = new Series(seconds[index]);
                var executed = last[index].Executed / time.Median;
                return new ChallengeSide(
                    entrant.Name, entrant.Threads, last[index].Survivors.Count, last[index].Survivors.SequenceEqual(exact), time,
                    work / time.Median, executed, executed * sizeof(float) / (1e9 * limits.L2GigabytesPerSecond * entrant.Threads),
                    time.Median / one);
            }),
        ];
    }

    /// <param name="RunAsync">Seconds, survivors, and the multiply-adds that were there to be done.</param>
    private sealed record Entrant(
        string Name, int Threads, Func<CancellationToken, Task<(double Seconds, IReadOnlyList<int> Survivors, double? Executed)>> RunAsync);
}
