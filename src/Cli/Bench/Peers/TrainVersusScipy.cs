using System.CommandLine;
using SparseService.Cli.Machine;
using Spectre.Console;

namespace SparseService.Cli.Bench.Peers;

/// <summary><c>sparse bench train-vs-scipy</c>: an epoch against a sparse trainer as the literature builds them.</summary>
internal sealed class TrainVersusScipy : Benchmark<ScipyResult>
{
    private const int AccuracyEpochs = 3;

    private static readonly Dictionary<string, string?> NoVariables = [];

    private readonly Option<int?> threads = Number("--threads", 1, "Threads of every side (1); SciPy's own products use one at most.");
    private readonly Option<string?> data = Text(
        "--data", "DIR", "Fashion-MNIST's IDX files; random data of the same shape without it, and then no accuracy.");

    public TrainVersusScipy()
        : base(
            "train-vs-scipy", "An epoch of the Fashion-MNIST network against a SET trainer in SciPy and Numba.", "about 2 minutes", 5,
            "./sparse bench train-vs-scipy --data DIR",
            "./sparse bench train-vs-scipy --rounds 3")
    {
        Options.Add(threads);
        Options.Add(data);
    }

    public static bool IsInstalled => PythonPeer.Has("scipy") && PythonPeer.Has("numba");

    protected override string FileName(ScipyResult result) => Name + (result.Threads > 1 ? $"-{result.Threads}-threads" : "");

    protected override async Task<ScipyResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await SystemPackages.RequireAsync(
            "SciPy and Numba", () => IsInstalled, ["python3-scipy", "python3-numba", "python3-numpy"],
            "This benchmark needs Debian's or Ubuntu's packages python3-scipy, python3-numba and python3-numpy.", cancellationToken);
        var count = run.Arguments.GetValue(threads) ?? 1;
        var shape = BenchShape.FashionMnist(run.Root);
        shape = run.Quick ? shape.Quick() : shape;
        using var folder = new TemporaryFolder();
        var images = run.Arguments.GetValue(data);
        if (images is null)
        {
            RandomImages.Write(folder.Path, shape.TrainRows, shape.TestRows, shape.Height, shape.Width, classes: 10);
        }

        var peer = new PythonPeer(run.Root, "scipy_set.py", shape, images ?? folder.Path, count);
        var own = new OwnTraining(OwnTraining.WriteSpec(folder.Path, "spec", shape.Options), images ?? folder.Path, count);
        var sides = await Race.RunAsync(
            [
                new Contender(OwnTraining.SideName, own.MeasureAsync),
                new Contender("SciPy/Numba SET", token => peer.MeasureAsync("set", null, NoVariables, token)),
            ],
            run.Rounds, cancellationToken);
        return new ScipyResult(run.Origin, count, sides, images is null ? null : await AccuracyAsync(peer, own, cancellationToken));
    }

    protected override void Print(ScipyResult result)
    {
        var table = new Table().AddColumns($"one epoch, {result.Threads} thread(s)", "median", "fastest", "slowest", "of ours", "memory");
        foreach (var side in result.Sides)
        {
            table.AddRow(
                side.Name, $"{side.Median:0.000} s", $"{side.Time.Fastest:0.000} s", $"{side.Time.Slowest:0.000} s",
                $"{side.Median / result.Sides[0].Median:0.0} x", $"{side.PeakMemoryBytes / 1e6:0} MB");
        }

        BenchRun.Show(table);
        if (result.Accuracy is { } accuracy)
        {
            Console.WriteLine(
                $"Test accuracy after {accuracy.Epochs} epochs: ours {accuracy.Own:0.0 %}, SciPy/Numba {accuracy.Peer:0.0 %}.");
        }
    }

    // Both must learn, and about equally: who computes something else may be as fast as he likes.
    private static async Task<AccuracyPair> AccuracyAsync(PythonPeer peer, OwnTraining own, CancellationToken cancellationToken)
    {
        BenchRun.Say($"Accuracy of {AccuracyEpochs} epochs …");
        var theirs = await peer.RunAsync("set", ["--test", $"--epochs={AccuracyEpochs}"], NoVariables, cancellationToken);
        var ours = await own.RunAsync(AccuracyEpochs, 1, cancellationToken);
        return new AccuracyPair(
            AccuracyEpochs, ours[^1].GetProperty("testAccuracy").GetDouble(), theirs[^1].GetProperty("testAccuracy").GetDouble());
    }
}

/// <param name="Sides">Seconds per epoch with its evolution, ours first.</param>
internal sealed record ScipyResult(Origin Origin, int Threads, IReadOnlyList<Side> Sides, AccuracyPair? Accuracy);

/// <summary>Test accuracy of both sides after the same number of epochs.</summary>
internal sealed record AccuracyPair(int Epochs, double Own, double Peer);
