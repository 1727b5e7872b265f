using System.CommandLine;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Cli.Files;
using SparseService.Cli.Training;
using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Partitions;

/// <summary><c>sparse bench partition-aware</c>: accuracy against what ranks exchange, for several shares of regrowth in own
/// columns.</summary>
internal sealed class PartitionAwareBench : Benchmark<AwareResult>
{
    private const string Example = "fashion-mnist";
    private const int Epochs = 50;

    private static readonly double?[] Shares = [null, 0.5, 0.75, 0.9, 1];

    private readonly Option<string?> data = Text("--data", "DIR", "Fashion-MNIST's files.");
    private readonly Option<int?> epochs = Number("--epochs", 1, $"Of each training ({Epochs}).");
    private readonly Option<int?> parts = Number("--parts", 2, "Ranks (4).");

    public PartitionAwareBench()
        : base(
            "partition-aware",
            "Test accuracy and words exchanged of the Fashion-MNIST network when new connections start at a neuron of the same rank with "
            + "probability 0.5, 0.75, 0.9, 1, or wherever chance has it; rounds are seeds. One process trains: ranks draw the same "
            + "connections.",
            "about 3 minutes a round", 1,
            "./sparse bench partition-aware --data DIR",
            "./sparse bench partition-aware --data DIR --parts 8 --rounds 3")
    {
        data.Required = true;
        Options.Add(data);
        Options.Add(epochs);
        Options.Add(parts);
    }

    protected override Task<AwareResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var (count, length) = (run.Arguments.GetValue(parts) ?? 4, run.Quick ? 2 : run.Arguments.GetValue(epochs) ?? Epochs);
        var spec = SpecFromFile.Read(Path.Combine(run.Root, "deploy", "examples", $"{Example}.json"), length);
        using var samples = SampleStore.Open(DatasetCache.Find(run.Arguments.GetValue(data)!, cancellationToken));
        var rows = new List<AwareRow>();
        foreach (var share in Shares)
        {
            for (var seed = 1UL; seed <= (ulong)run.Rounds; seed++)
            {
                BenchRun.Say($"own columns {(share is null ? "as chance has it" : $"{share}")}, seed {seed} …");
                var options = spec.Training with
                {
                    Seed = seed,
                    Parallel = new ParallelTrainingOptions
                    {
                        Method = ParallelMethod.Partitioned, Workers = count, Partition = new PartitionOptions { OwnColumns = share },
                    },
                };
                rows.Add(Train(options, samples, share, cancellationToken));
            }
        }

        return Task.FromResult(new AwareResult(run.Origin, Example, length, count, rows));
    }

    protected override void Print(AwareResult result)
    {
        var table = SweepTable.Of("own columns", "seed", "accuracy", "best", "connections", "words", "hidden layers", "imbalance");
        foreach (var row in result.Rows)
        {
            table.AddRow(
                row.OwnColumns is null ? "chance" : $"{row.OwnColumns:0.00}", $"{row.Seed}", $"{row.Accuracy:0.00 %}",
                $"{row.BestAccuracy:0.00 %}", $"{row.Nnz:N0}", $"{row.Words:N0}", $"{row.HiddenWords:N0}", $"{row.HiddenImbalance:0.0 %}");
        }

        BenchRun.Show(table);
    }

    private static AwareRow Train(
        TrainingOptions options, SampleStore samples, double? share, CancellationToken cancellationToken)
    {
        using var backend = Backend.Create(null, 0);
        using var trainer = Trainer.Create(options, samples, backend);
        var accuracy = 0.0;
        while (!trainer.IsFinished)
        {
            accuracy = trainer.TrainEpoch(null, cancellationToken).TestAccuracy ?? 0;
        }

        using var model = new MemoryStream();
        trainer.WriteModel(model);
        model.Position = 0;
        using var trained = StoredTopology.Read(model);
        var score = PartitionScore.Of(trained.Layers, NetworkPartition.OfFirst(options, options.Parallel!.Workers));
        var hidden = score.Layers.SkipLast(1).ToList();
        return new AwareRow(
            share, options.Seed, accuracy, trainer.BestTestAccuracy ?? 0, trainer.Nnz, score.Words, hidden.Sum(layer => layer.Words),
            hidden.Max(layer => layer.Imbalance));
    }
}

internal sealed record AwareResult(Origin Origin, string Network, int Epochs, int Parts, IReadOnlyList<AwareRow> Rows);

/// <param name="OwnColumns">Null: new connections start anywhere.</param>
/// <param name="Words">Per sample and direction after the last epoch, all layers, with the partition of the first connections.</param>
/// <param name="HiddenWords">Without the output layer, which keeps its connections.</param>
/// <param name="HiddenImbalance">Of the worst hidden layer.</param>
internal sealed record AwareRow(
    double? OwnColumns, ulong Seed, double Accuracy, double BestAccuracy, long Nnz, long Words, long HiddenWords, double HiddenImbalance);
