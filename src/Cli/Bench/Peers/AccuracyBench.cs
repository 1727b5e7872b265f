using System.CommandLine;
using System.Text.Json;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Cli.Machine;
using Spectre.Console;

namespace SparseService.Cli.Bench.Peers;

/// <summary><c>sparse bench accuracy</c>: what the example specs reach on real data; speed without it is worth nothing.</summary>
internal sealed class AccuracyBench : Benchmark<AccuracyResult>
{
    private static readonly int[] Seeds = [1, 2, 3];

    private readonly Option<string?> data = Text("--data", "DIR", "Fashion-MNIST's IDX files.");
    private readonly Option<string?> madelon = Text("--madelon", "DIR", "Madelon's files.");

    public AccuracyBench()
        : base(
            "accuracy", "Test accuracy of the example specs: Fashion-MNIST after 10 and 100 epochs, Madelon's best of 500, three seeds.",
            "about 4 minutes", 1,
            "./sparse bench accuracy --data DIR --madelon DIR")
    {
        Options.Add(data);
        Options.Add(madelon);
        AddRule(result =>
        {
            if (result.GetValue(data) is null && result.GetValue(madelon) is null)
            {
                result.AddError("Accuracy needs real data: --data DIR, --madelon DIR or both.");
            }
        });
    }

    protected override async Task<AccuracyResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var points = new List<AccuracyPoint>();
        using var folder = new TemporaryFolder();
        foreach (var (name, path, epochs) in new[]
        {
            ("fashion-mnist", run.Arguments.GetValue(data), 10),
            ("fashion-mnist", run.Arguments.GetValue(data), 100),
            ("madelon", run.Arguments.GetValue(madelon), 500),
        })
        {
            if (path is not null)
            {
                BenchRun.Say($"{name}, {epochs} epochs …");
                var spec = OwnTraining.WriteSpec(folder.Path, name, BenchShape.SpecOf(run.Root, name));
                var training = new OwnTraining(spec, path, Environment.ProcessorCount);
                var seeds = new List<JsonElement>();
                foreach (var seed in run.Quick ? [1] : Seeds)
                {
                    seeds.Add((await training.RunAsync(run.Quick ? 1 : epochs, seed, cancellationToken))[^1]);
                }

                points.Add(AccuracyPoint.Of(name, epochs, seeds));
            }
        }

        return new AccuracyResult(run.Origin, Environment.ProcessorCount, points);
    }

    protected override void Print(AccuracyResult result)
    {
        var table = SweepTable.Of("spec", "epochs", "test accuracy", "best", "seconds", "model", "dense twin");
        foreach (var point in result.Points)
        {
            table.AddRow(
                point.Spec, $"{point.Epochs}", Percents(point.TestAccuracy), Percents(point.BestTestAccuracy), $"{point.Seconds:0.0}",
                SweepTable.Bytes(point.ModelBytes), SweepTable.Bytes(point.DenseModelBytes));
        }

        BenchRun.Show(table);
    }

    /// <summary>E.g. <c>86.1, 86.3, 86.1 %</c>.</summary>
    internal static string Percents(IEnumerable<double> shares) => $"{string.Join(", ", shares.Select(share => $"{100 * share:0.0}"))} %";
}

internal sealed record AccuracyResult(Origin Origin, int Threads, IReadOnlyList<AccuracyPoint> Points);

/// <param name="TestAccuracy">After the last epoch, one number per seed.</param>
/// <param name="Seconds">Of one whole training with its tests; the median of the seeds.</param>
/// <param name="DenseModelBytes">Weights of the dense twin in float32.</param>
internal sealed record AccuracyPoint(
    string Spec, int Epochs, IReadOnlyList<double> TestAccuracy, IReadOnlyList<double> BestTestAccuracy, double Seconds, long ModelBytes,
    long DenseModelBytes)
{
    /// <param name="seeds">The last line of each training.</param>
    public static AccuracyPoint Of(string spec, int epochs, IReadOnlyList<JsonElement> seeds) => new(
        spec, epochs, [.. seeds.Select(seed => seed.GetProperty("testAccuracy").GetDouble())],
        [.. seeds.Select(seed => seed.GetProperty("bestTestAccuracy").GetDouble())],
        Series.MedianOf([.. seeds.Select(seed => seed.GetProperty("seconds").GetDouble())]),
        seeds.Max(seed => seed.GetProperty("modelBytes").GetInt64()), 4 * seeds[0].GetProperty("denseParameters").GetInt64());
}
