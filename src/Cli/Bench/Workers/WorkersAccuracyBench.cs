using System.CommandLine;
using System.Text.Json;
using SparseService.Cli.Bench.Peers;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Cli.Machine;
using SparseService.Engine.Training;
using Spectre.Console;

namespace SparseService.Cli.Bench.Workers;

/// <summary><c>sparse bench accuracy-parallel</c>: what several workers reach where one reaches so much.</summary>
internal sealed class WorkersAccuracyBench : Benchmark<WorkersAccuracyResult>
{
    private static readonly (ParallelMethod? Method, int Workers)[] Cases =
    [
        (null, 1), (ParallelMethod.Wasap, 2), (ParallelMethod.Wasap, 5), (ParallelMethod.Wassp, 2), (ParallelMethod.Wassp, 5),
    ];

    private readonly Option<string?> data = Text("--data", "DIR", "Fashion-MNIST's IDX files.");
    private readonly Option<int?> epochs = Number("--epochs", 1, "Epochs of each training (50).");
    private readonly Option<int?> seeds = Number("--seeds", 1, "Seeds 1 to this (3).");

    public WorkersAccuracyBench()
        : base(
            "accuracy-parallel",
            "Test accuracy of Fashion-MNIST after 50 epochs, three seeds: sequential, and WASAP and WASSP with 2 and 5 workers on threads.",
            "about 8 minutes", 1,
            "./sparse bench accuracy-parallel --data DIR")
    {
        Options.Add(data);
        Options.Add(epochs);
        Options.Add(seeds);
        AddRule(result =>
        {
            if (result.GetValue(data) is null)
            {
                result.AddError("Accuracy needs real data: --data DIR.");
            }
        });
    }

    protected override async Task<WorkersAccuracyResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        var length = run.Quick ? 2 : run.Arguments.GetValue(epochs) ?? 50;
        var points = new List<WorkersAccuracy>();
        foreach (var (method, workers) in Cases)
        {
            var name = method is { } known ? $"{known.ToString().ToUpperInvariant()}, {workers} workers" : "sequential";
            var options = BenchShape.SpecOf(run.Root, "fashion-mnist") with
            {
                Parallel = method is { } one ? new ParallelTrainingOptions { Method = one, Workers = workers } : null,
            };
            var training = new OwnTraining(
                OwnTraining.WriteSpec(folder.Path, $"{method}{workers}", options), run.Arguments.GetValue(data)!,
                Environment.ProcessorCount);
            var trained = new List<IReadOnlyList<JsonElement>>();
            for (var seed = 1; seed <= (run.Quick ? 1 : run.Arguments.GetValue(seeds) ?? 3); seed++)
            {
                BenchRun.Say($"{name}, seed {seed} …");
                trained.Add(await training.RunAsync(length, seed, cancellationToken));
            }

            points.Add(WorkersAccuracy.Of(name, trained));
        }

        return new WorkersAccuracyResult(run.Origin, length, points);
    }

    protected override void Print(WorkersAccuracyResult result)
    {
        var table = SweepTable.Of(
            "", $"test accuracy after {result.Epochs} epochs", "against sequential, points", "last local copy", "connections", "seconds");
        foreach (var point in result.Points)
        {
            var differences = point.TestAccuracy.Zip(result.Points[0].TestAccuracy, (one, other) => $"{100 * (one - other):+0.00;−0.00}");
            var connections = point.Nnz.Zip(point.FirstNnz, (last, first) => last == first ? $"{last}" : $"{last}, not {first}");
            table.AddRow(
                point.Name, AccuracyBench.Percents(point.TestAccuracy), string.Join(", ", differences),
                AccuracyBench.Percents(point.BeforeLast),
                string.Join(", ", connections), $"{point.Seconds:0.0}");
        }

        BenchRun.Show(table);
    }
}

internal sealed record WorkersAccuracyResult(Origin Origin, int Epochs, IReadOnlyList<WorkersAccuracy> Points);

/// <param name="TestAccuracy">After the last epoch (of the average, where several workers trained), a number per seed.</param>
/// <param name="BeforeLast">After the epoch before: of worker 0's own network.</param>
/// <param name="FirstNnz">Connections in the first epoch.</param>
/// <param name="Nnz">Of the model.</param>
/// <param name="Seconds">Of one whole training with its tests; the median of the seeds.</param>
internal sealed record WorkersAccuracy(
    string Name, IReadOnlyList<double> TestAccuracy, IReadOnlyList<double> BeforeLast, IReadOnlyList<long> FirstNnz,
    IReadOnlyList<long> Nnz, double Seconds)
{
    /// <param name="trained">The lines of each training.</param>
    public static WorkersAccuracy Of(string name, IReadOnlyList<IReadOnlyList<JsonElement>> trained)
    {
        return new WorkersAccuracy(
            name,
            [.. trained.Select(lines => lines[^1].GetProperty("testAccuracy").GetDouble())],
            [.. trained.Select(lines => lines.Where(IsEpoch).SkipLast(1).Last().GetProperty("testAccuracy").GetDouble())],
            [.. trained.Select(lines => lines.First(IsEpoch).GetProperty("nnz").GetInt64())],
            [.. trained.Select(lines => lines[^1].GetProperty("nnz").GetInt64())],
            Series.MedianOf([.. trained.Select(lines => lines[^1].GetProperty("seconds").GetDouble())]));

        static bool IsEpoch(JsonElement line) => line.GetProperty("event").GetString() == "epoch";
    }
}
