using System.Globalization;
using System.Text;
using System.Text.Json;
using SparseService.Cli.Bench.Challenge;
using SparseService.Cli.Bench.Kernels;
using SparseService.Cli.Bench.Live;
using SparseService.Cli.Bench.Parallel;
using SparseService.Cli.Bench.Peers;
using SparseService.Cli.Bench.Predict;
using SparseService.Cli.Bench.Scale;
using SparseService.Cli.Bench.Sweeps;
using SparseService.Cli.Bench.Workers;

namespace SparseService.Cli.Bench.Report;

/// <summary>The measured figures of README and docs/measured.md, made from the result files alone: none is written by hand.</summary>
internal static class ReadmeTable
{
    public const string Begin = "<!-- measured: written by ./sparse bench readme -->";
    public const string End = "<!-- end of measured -->";

    // Of all processors, busy with other work just before.
    private const double QuietShare = 0.1;

    /// <summary>The page that holds all rows.</summary>
    public const string FullPage = "docs/measured.md";

    /// <summary>README's table: the rows that a reader asks for first.</summary>
    /// <param name="root">Of the checkout.</param>
    public static string Of(string root) => Of(root, row => row.Leads, "") is { Length: > 0 } table
        ? $"{table}More rows: [{FullPage}]({FullPage}).\n\n"
        : "";

    /// <summary>All rows, as a page.</summary>
    public static string PageOf(string root) =>
        "# Measured\n\nWritten by `./sparse bench readme` from the result files; "
        + "what is compared: [benchmarks](../benchmarks/README.md).\n\n"
        + Of(root, _ => true, "../").TrimEnd('\n') + "\n";

    // A table for each processor that has results.
    private static string Of(string root, Func<Row, bool> isShown, string toRoot)
    {
        var text = new StringBuilder();
        var folders = Directory.GetDirectories(Path.Combine(root, "benchmarks", "results")).Order(StringComparer.Ordinal);
        foreach (var folder in folders)
        {
            var rows = RowsOf(folder).Where(isShown).ToList();
            if (rows.Count == 0)
            {
                continue;
            }

            var processor = Path.GetFileName(folder);
            var dates = rows.Select(row => row.Origin.Date).Order(StringComparer.Ordinal).ToList();
            var when = dates[0] == dates[^1] ? dates[0] : $"{dates[0]} to {dates[^1]}";
            text.Append(CultureInfo.InvariantCulture, $"{rows[0].Origin.Processor}, {when}, one thread unless said otherwise. ");
            text.Append(CultureInfo.InvariantCulture, $"All result files: [{processor}]({toRoot}benchmarks/results/{processor}).\n\n");
            text.Append("| what | figure | command |\n|---|---|---|\n");
            foreach (var row in rows)
            {
                var quiet = row.Origin.BusyBefore > QuietShare ? " (the machine was not quiet)" : "";
                text.Append(CultureInfo.InvariantCulture, $"| {row.What} | {row.Figure}{quiet} | `{row.Origin.Command}` |\n");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The page with the part between the two marks replaced.</summary>
    /// <exception cref="CliFault">The page has no marks.</exception>
    public static string Into(string page, string table)
    {
        var (begin, end) = (page.IndexOf(Begin, StringComparison.Ordinal), page.IndexOf(End, StringComparison.Ordinal));
        return begin >= 0 && end > begin
            ? $"{page[..begin]}{Begin}\n\n{table}{page[end..]}"
            : throw new CliFault($"The page has no lines `{Begin}` and `{End}` to write between.");
    }

    private static IEnumerable<Row> RowsOf(string folder) =>
    [
        .. Read<TorchResult>(folder, "train-vs-torch", TorchRows),
        .. Read<TorchResult>(folder, "train-vs-torch-2-threads", TorchRows),
        .. Read<TorchResult>(folder, "train-vs-torch-cifar10", TorchRows),
        .. Read<ScipyResult>(folder, "train-vs-scipy", ScipyRows),
        .. Read<AccuracyResult>(folder, "accuracy", AccuracyRows),
        .. Read<DensityResult>(folder, "density-sweep", DensityRows),
        .. Read<WidthResult>(folder, "width-sweep", WidthRows),
        .. Read<StepsResult>(folder, "steps", StepsRows),
        .. Read<ThreadsResult>(folder, "threads", ThreadsRows),
        .. Read<MemoryResult>(folder, "memory", MemoryRows),
        .. Read<ScaleResult>(folder, "scale", ScaleRows),
        .. Read<KernelResult>(folder, "kernels", KernelRows),
        .. Read<WorkersResult>(folder, "wasap", WorkersRows),
        .. Read<ParallelResult>(folder, "parallel", ParallelRows),
        .. Directory.GetFiles(folder, "challenge*.json").Select(Path.GetFileNameWithoutExtension).OrderBy(name => name!.Length)
            .ThenBy(name => name, StringComparer.Ordinal).SelectMany(name => Read<ChallengeResult>(folder, name!, ChallengeRows)),
        .. Read<PredictResult>(folder, "predict", PredictRows),
        .. Read<LatencyResult>(folder, "live-latency", LatencyRows),
    ];

    private static IEnumerable<Row> Read<TResult>(string folder, string name, Func<TResult, IEnumerable<Row>> rows)
    {
        var path = Path.Combine(folder, $"{name}.json");
        return File.Exists(path) ? rows(JsonSerializer.Deserialize<TResult>(File.ReadAllText(path), ResultFile.Json)!) : [];
    }

    private static IEnumerable<Row> TorchRows(TorchResult result)
    {
        var network = result.Shape == BenchShape.Cifar10Name
            ? "3072-1024-1024-10, batch 100"
            : "784-1000-1000-1000-10, epsilon 20, batch 128";
        var threads = result.Threads > 1 ? $", {result.Threads} threads each" : "";
        foreach (var side in result.Sides)
        {
            var own = OwnOf(result.Sides, side);
            var share = side.Share < 1 ? $", measured on {side.Share:0 %} of an epoch" : "";
            var rounds = side.Time.Seconds.Count;
            yield return new(result.Origin, $"one epoch of {network}{threads}: {side.Name}{share}", own == side
                ? $"**{Seconds(side.Median)}** ({Seconds(side.Time.Fastest)} to {Seconds(side.Time.Slowest)}, {rounds} rounds)"
                : $"{Seconds(side.Median)}, {side.Median / own.Median:0.0} times ours",
                Leads: own == side || (result.Threads == 1 && (side.Share >= 1 || result.Shape != BenchShape.Cifar10Name)));
        }
    }

    // Ours of the same density; the first of ours for peers that have none.
    private static Side OwnOf(IReadOnlyList<Side> sides, Side side)
    {
        var density = side.Name.Split(", ").ElementAtOrDefault(1);
        var own = sides.Where(one => one.Name.StartsWith(OwnTraining.SideName, StringComparison.Ordinal)).ToList();
        return own.FirstOrDefault(one => density is not null && one.Name.EndsWith($", {density}", StringComparison.Ordinal)) ?? own[0];
    }

    private static IEnumerable<Row> ScipyRows(ScipyResult result)
    {
        var peer = result.Sides[1];
        var accuracy = result.Accuracy is { } pair
            ? $"; test accuracy after {pair.Epochs} epochs {100 * pair.Peer:0.0} %, ours {100 * pair.Own:0.0} %"
            : "";
        yield return new(
            result.Origin, "one epoch of the same in our SciPy/Numba trainer, alternating with ours",
            string.Create(
                CultureInfo.InvariantCulture, $"{Seconds(peer.Median)}, {peer.Median / result.Sides[0].Median:0.0} times ours{accuracy}"),
            Leads: true);
    }

    private static IEnumerable<Row> AccuracyRows(AccuracyResult result) => result.Points.Select(point => new Row(
        result.Origin, $"test accuracy of {point.Spec}, {(point.Epochs >= 500 ? "best of" : "after")} {point.Epochs} epochs, seeds 1, 2, 3",
        $"{AccuracyBench.Percents(point.Epochs >= 500 ? point.BestTestAccuracy : point.TestAccuracy)} in {point.Seconds:0.0} s "
        + $"({result.Threads} threads); model {Megabytes(point.ModelBytes)}, dense twin {Megabytes(point.DenseModelBytes)}",
        Leads: true));

    private static IEnumerable<Row> DensityRows(DensityResult result)
    {
        yield return new(
            result.Origin, "3072-1024-1024-10: sparse is faster than dense up to a density of",
            $"{BreakEven(result.TorchDense is null ? null : (result.BreakEvenWithTorch, result.TorchDense))} against PyTorch; "
            + $"{BreakEven((result.BreakEvenWithOwnDense, result.OwnDense))} against a dense trainer of our own "
            + $"({result.OwnDenseGflops:0} GFLOP/s)", Leads: true);

        static string BreakEven((double? Density, Series Dense)? against) =>
            against is not { } known ? "unknown" : known.Density is { } density ? $"{density:0.00}" : "1 (always)";
    }

    private static IEnumerable<Row> WidthRows(WidthResult result)
    {
        var (first, last) = (result.Points[0], result.Points[^1]);
        yield return new(
            result.Origin, $"a step of 784-w-w-w-10, epsilon 20, batch 128, for w = {first.Width} and {last.Width}",
            $"{Milliseconds(first.Step)} and {Milliseconds(last.Step)} ({1e9 * first.Step.Median / first.Nnz:0} and "
            + $"{1e9 * last.Step.Median / last.Nnz:0} ns per connection)");
    }

    private static IEnumerable<Row> StepsRows(StepsResult result) =>
        result.Points.GroupBy(point => point.Network).Select(network => new Row(
            result.Origin, $"one whole step of {network.Key} at batch {string.Join(", ", network.Select(point => point.Batch))}",
            $"{string.Join(", ", network.Select(point => $"{1e6 * point.Step.Median:0.0}"))} µs"
            + (network.All(point => point.TorchStep is not null)
                ? $"; PyTorch dense {string.Join(", ", network.Select(point => $"{1e6 * point.TorchStep!.Median:0}"))} µs"
                : ""),
            Leads: true));

    private static IEnumerable<Row> ThreadsRows(ThreadsResult result)
    {
        yield return new(
            result.Origin, $"{result.Threads} threads on 3072-1024-1024-10 at density 0.05",
            $"{100 * result.OfCeiling:0} % of {result.Threads} processes side by side, {result.OfOneThread:0.00} times one thread",
            Leads: true);
    }

    private static IEnumerable<Row> MemoryRows(MemoryResult result) => result.Points.Select(point => new Row(
        result.Origin, $"peak memory of training {point.Network}, batch {point.Batch}, {point.Nnz:N0} connections",
        $"{Megabytes(point.PeakBytes)}, {Megabytes(point.AboveBaseBytes)} above the program itself "
        + $"(forecast {Megabytes(point.ForecastBytes)})"
        + (point.TorchAboveBaseBytes is { } torch ? $"; PyTorch dense {Megabytes(torch)} above its own" : "")));

    private static IEnumerable<Row> ScaleRows(ScaleResult result)
    {
        if (result.Layers is [.., var layer])
        {
            yield return new(
                result.Origin, $"initialise, transpose, evolve, prune a layer of {layer.Nnz:N0} connections",
                $"{Each(layer.Initialise)}, {Each(layer.Transpose)}, {Each(layer.Evolve)}, {Each(layer.Prune)} ns per connection");

            string Each(Series time) => $"{1e9 * time.Median / layer.Nnz:0.0}";
        }

        if (result.Networks is [.., var network])
        {
            yield return new(
                result.Origin,
                $"a network of {network.Neurons:N0} neurons and {network.Nnz:N0} connections, batch 16, {result.Threads} threads",
                $"{Seconds(network.Step.Median)} a step, {Seconds(network.EvolutionSeconds)} an evolution, peak memory "
                + $"{network.PeakMemoryBytes / 1e9:0.0} GB (forecast {network.ForecastBytes / 1e9:0.0})", Leads: true);
        }
    }

    // The layer and the operations that most of the time of Fashion-MNIST's network goes to.
    private static IEnumerable<Row> KernelRows(KernelResult result)
    {
        var shown = result.Operations
            .Where(speed => speed is { Network: "fashion-mnist", Batch: 128, Layer: "1000-1000" } && speed.Operation != "forward")
            .DistinctBy(speed => speed.Operation).ToList();
        if (shown.Count > 0)
        {
            yield return new(
                result.Origin, $"{string.Join(", ", shown.Select(speed => speed.Operation))} (1000-1000, 4 %, batch 128)",
                $"{string.Join(", ", shown.Select(speed => $"{speed.BestGflops:0}"))} GFLOP/s, "
                + $"{string.Join(", ", shown.Select(speed => $"{100 * speed.Reached:0}"))} % of the bound, "
                + $"{string.Join(", ", shown.Select(speed => $"{100 * speed.ReachedUntiled:0}"))} % of it without tiling "
                + $"(peak {result.Limits.FmaGflops:0} GFLOP/s)");
        }
    }

    private static IEnumerable<Row> WorkersRows(WorkersResult result)
    {
        var ceiling = result.SideBySide.Training.Median;
        yield return new(
            result.Origin,
            $"samples per second, phase 1 of WASAP with {result.Workers} workers on threads, of {result.Workers} trainings side by side",
            $"{result.Wasap.Training.Median:N0}, {result.Wasap.Training.Median / ceiling:0 %};"
            + $" WASSP {result.Wassp.Training.Median / ceiling:0 %}",
            Leads: true);
    }

    private static IEnumerable<Row> ParallelRows(ParallelResult result) => result.Rows.Select(row => new Row(
        result.Origin, $"samples per second, {row.Method}, {row.Ranks} rank{(row.Ranks == 1 ? "" : "s")}, {row.Transport}",
        $"{row.Throughput.Median:N0} ({row.Throughput.Lowest:N0} to {row.Throughput.Highest:N0}); waiting {row.WaitingShare:0 %}, "
        + $"{row.BytesPerEpoch / 1e6:N0} MB sent per epoch of 20,000 samples"));

    private static IEnumerable<Row> ChallengeRows(ChallengeResult result)
    {
        var own = result.Sides.Where(side => side.ExecutedRate is not null).ToArray();
        var peers = result.Sides.Except(own).ToArray();
        var leads = (result.Network, result.Layers) is ("official", 120);
        foreach (var side in own)
        {
            yield return new(
                result.Origin,
                $"Graph Challenge, {result.Inputs:N0} inputs through {result.Network} {result.Neurons}×{result.Layers}"
                + (side.Threads > 1 ? $", {side.Threads} threads" : ""),
                $"**{Seconds(side.Time.Median)}**, {Tera(side.ChallengeRate)} challenge edges/s, {Tera(side.ExecutedRate!.Value)} executed "
                + $"({side.OfL2:0 %} of what L2 allows)"
                + (side.Threads > 1 ? "" : string.Concat(peers.Select(peer => $"; {peer.Name} {peer.TimesOfOne:0.0} times ours"))),
                Leads: leads);
        }

        static string Tera(double rate) => string.Create(CultureInfo.InvariantCulture, $"{rate / 1e12:0.000}·10¹²");
    }

    private static IEnumerable<Row> PredictRows(PredictResult result) => result.Calls.Where(call => call.Rows == 1).Select(call => new Row(
        result.Origin, $"prediction of one row by REST, {call.Format}, {result.Network}, median of {call.Calls:N0} calls",
        $"{1e6 * call.Median:N0} µs, of them the engine {1e6 * call.EngineMedian:0} µs"));

    private static IEnumerable<Row> LatencyRows(LatencyResult result)
    {
        var latency = result.PostToFirstMetric;
        yield return new(
            result.Origin, $"POST of a run to its first live number at a SignalR client, median of {latency.Seconds.Count}",
            $"{1000 * latency.Median:0} ms", Leads: true);
    }

    private static string Seconds(double seconds) => seconds.ToString(seconds < 1 ? "0.000 s" : "0.00 s", CultureInfo.InvariantCulture);

    private static string Milliseconds(Series time) => string.Create(CultureInfo.InvariantCulture, $"{1e3 * time.Median:0.00} ms");

    private static string Megabytes(double bytes) => bytes < 20e6
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB");

    /// <param name="Leads">Whether README shows it, too.</param>
    private sealed record Row(Origin Origin, string What, string Figure, bool Leads = false);
}
