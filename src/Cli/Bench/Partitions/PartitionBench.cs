using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Cli.Machine;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Partitions;

/// <summary><c>sparse bench partition</c>: words that partitions of networks exchange, ours beside Zoltan's, random and block.</summary>
internal sealed class PartitionBench : Benchmark<PartitionBenchResult>
{
    public const double Imbalance = 0.01;

    private readonly Option<string?> data = Text("--data", "DIR", "Fashion-MNIST's files: also cuts a network trained on it.");
    private readonly Option<string?> madelon = Text("--madelon", "DIR", "Madelon's files: also cuts a network trained on it.");
    private readonly Option<string?> only = Text(
        "--only", "TEXT", "Measures networks whose name contains the text; the result file keeps what it has of the others.");

    public PartitionBench()
        : base(
            "partition",
            "Words per layer and sample of partitioned training: our hypergraph partitioner, Zoltan's, random rows and contiguous blocks.",
            "about 10 minutes", 1,
            "./sparse bench partition --data DIR --madelon DIR",
            "./sparse bench partition --only RadiX-1024")
    {
        Options.Add(data);
        Options.Add(madelon);
        Options.Add(only);
    }

    protected override async Task<PartitionBenchResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        using var zoltan = await ZoltanPeer.BuildAsync(run.Root, cancellationToken);
        var networks = PartitionedNetwork.All(run.Root, run.Arguments.GetValue(data), run.Arguments.GetValue(madelon), run.Quick)
            .Where(network => network.Name.Contains(run.Arguments.GetValue(only) ?? "", StringComparison.Ordinal));
        var rows = run.Arguments.GetValue(only) is null ? [] : Kept(run.Root).ToList();
        foreach (var network in networks)
        {
            rows.RemoveAll(row => row.Network == network.Name);
            var layers = network.Layers(cancellationToken);
            foreach (var cut in network.Cuts)
            {
                BenchRun.Say($"{network.Name} in {cut.Parts} parts …");
                rows.Add(await RowAsync(network, layers, cut, zoltan, cancellationToken));
            }

            foreach (var layer in layers)
            {
                layer.Dispose();
            }
        }

        return new PartitionBenchResult(run.Origin, Imbalance, rows);
    }

    protected override void Print(PartitionBenchResult result)
    {
        var table = SweepTable.Of(
            "network", "parts", "random", "block", "Zoltan", "ours", "Mt-KaHyPar", "ours/Zoltan", "ours/Mt-KaHyPar", "s/layer", "Zoltan s");
        foreach (var row in result.Rows)
        {
            var known = row.MtKaHyPar;
            table.AddRow(
                row.Network, $"{row.Parts}", $"{row.Random.Words:0}", $"{row.Block.Words:0}", $"{row.Zoltan.Words:0}",
                $"{row.Ours.Words:0}", $"{known}", $"{row.Ours.Words / row.Zoltan.Words:0.00}",
                known is null ? "" : $"{row.Ours.Words / known:0.00}",
                $"{row.Ours.MeanSeconds:0.00}", $"{row.Zoltan.MeanSeconds:0.00}");
        }

        BenchRun.Show(table);
    }

    private static IReadOnlyList<PartitionRow> Kept(string root)
    {
        var path = Path.Combine(ResultFile.Folder(root), "partition.json");
        return File.Exists(path) ? JsonSerializer.Deserialize<PartitionBenchResult>(File.ReadAllText(path), ResultFile.Json)!.Rows : [];
    }

    private static async Task<PartitionRow> RowAsync(
        PartitionedNetwork network, CsrMatrix[] layers, WantedCut cut, ZoltanPeer zoltan, CancellationToken cancellationToken)
    {
        var ours = await CutAsync(layers, cut.Parts, (l, sources) => Task.Run(
            () => Own(layers[l], l, sources, cut.Parts, cancellationToken), cancellationToken));
        var theirs = await CutAsync(layers, cut.Parts, (l, sources) => zoltan.CutAsync(layers[l], sources, cut.Parts, cancellationToken));
        return new PartitionRow(
            network.Name, layers.Length, cut.Parts, Simple(PartitionKind.Random), Simple(PartitionKind.Block), theirs, ours, cut.MtKaHyPar,
            cut.EarlierZoltan);

        CutFigures Simple(PartitionKind kind) =>
            Figures(layers, NetworkPartition.Of(layers, new PartitionOptions { Kind = kind }, cut.Parts, seed: 1), [0]);
    }

    private static (int[] Owners, double Seconds) Own(
        CsrMatrix layer, int index, int[]? sources, int parts, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var stream = Engine.RandomStream.For(1, Engine.RandomPurpose.Partition, epoch: 1, index);
        var owners = LayerCut.Of(layer, sources, parts, Imbalance, stream, new PartitionEffort { Cancellation = cancellationToken });
        return (owners, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    // One layer after another; where a partitioner put a layer's rows is where its next layer's inputs live.
    private static async Task<CutFigures> CutAsync(
        CsrMatrix[] layers, int parts, Func<int, int[]?, Task<(int[] Owners, double Seconds)>> cut)
    {
        var (owners, seconds) = (new int[layers.Length][], new double[layers.Length]);
        for (var l = 0; l < layers.Length; l++)
        {
            (owners[l], seconds[l]) = await cut(l, l == 0 ? null : owners[l - 1]);
        }

        return Figures(layers, new NetworkPartition(parts, owners), seconds);
    }

    private static CutFigures Figures(CsrMatrix[] layers, NetworkPartition partition, double[] seconds)
    {
        var score = PartitionScore.Of(layers, partition, inputTravels: true);
        return new CutFigures(
            score.Layers.Average(layer => (double)layer.Words), score.Layers.Average(layer => (double)layer.Messages),
            score.Layers.Max(layer => layer.LargestSender), score.Imbalance, seconds.Average(), seconds.Max());
    }
}

/// <param name="Imbalance">ε that was asked of every partitioner.</param>
internal sealed record PartitionBenchResult(Origin Origin, double Imbalance, IReadOnlyList<PartitionRow> Rows);

/// <summary>One network in so many parts.</summary>
/// <param name="MtKaHyPar">Words per layer of Mt-KaHyPar where they were measured, elsewhere and earlier.</param>
/// <param name="EarlierZoltan">Words per layer of Zoltan from there.</param>
internal sealed record PartitionRow(
    string Network, int Layers, int Parts, CutFigures Random, CutFigures Block, CutFigures Zoltan, CutFigures Ours, int? MtKaHyPar,
    int? EarlierZoltan);

/// <param name="Words">Per layer, sample and direction; the first layer as if each input lived at one of its readers.</param>
/// <param name="Messages">Per layer.</param>
/// <param name="LargestSender">Most words that a part sends in a layer.</param>
/// <param name="Imbalance">Of the worst layer.</param>
internal sealed record CutFigures(
    double Words, double Messages, long LargestSender, double Imbalance, double MeanSeconds, double MostSeconds);
