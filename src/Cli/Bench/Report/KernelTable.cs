using System.Globalization;
using System.Text.Json;
using SparseService.Cli.Bench.Kernels;

namespace SparseService.Cli.Bench.Report;

/// <summary>The kernels that most of the time of two common networks goes to, beside their bounds: the table of docs/kernels.md.</summary>
internal static class KernelTable
{
    public const string Path = "docs/kernels.md";

    private static readonly (string Network, int Batch)[] Shown = [("fashion-mnist", 128), ("cifar10 0.05", 100), ("cifar10 0.01", 100)];

    /// <summary>A table for each processor that has results.</summary>
    /// <param name="root">Of the checkout.</param>
    public static string Of(string root)
    {
        var page = new MarkdownPage();
        var folders = Directory.GetDirectories(System.IO.Path.Combine(root, "benchmarks", "results")).Order(StringComparer.Ordinal);
        foreach (var file in folders.Select(folder => System.IO.Path.Combine(folder, "kernels.json")).Where(File.Exists))
        {
            var result = JsonSerializer.Deserialize<KernelResult>(File.ReadAllText(file), ResultFile.Json)!;
            var limits = result.Limits;
            page.Paragraph(string.Create(
                CultureInfo.InvariantCulture,
                $"{result.Origin.Processor}, {result.Origin.Date}, {result.Threads} thread(s): {limits.FmaGflops:0} GFLOP/s, first level "
                + $"{limits.L1GigabytesPerSecond:0} GB/s, second level {limits.L2GigabytesPerSecond:0} GB/s, memory "
                + $"{limits.MemoryGigabytesPerSecond:0} GB/s."));
            page.Table(
                ["network", "operation", "layer", "µs", "GFLOP/s", "bound", "limit", "reached", "without tiling", "reached"],
                Shown.SelectMany(one => result.Operations.Where(speed => (speed.Network, speed.Batch) == one && IsTraining(speed)))
                    .DistinctBy(speed => (speed.Network, speed.Operation, speed.Layer)).Select(Row));
        }

        return page.ToString() + "\n";
    }

    // What a training step runs: above the first layer the backward pass in place of its two parts.
    private static bool IsTraining(KernelSpeed speed) => speed.Nnz > 5000 && speed.Operation switch
    {
        "train forward" or "backward" => true,
        "weight update" => speed.Layer is "784-1000" or "3072-1024",
        _ => false,
    };

    private static string[] Row(KernelSpeed speed) =>
    [
        $"{speed.Network}, batch {speed.Batch}", speed.Operation, speed.Layer,
        Whole(speed.Microseconds.Median), Whole(speed.BestGflops), Whole(speed.BoundGflops), speed.Limit, $"{Whole(100 * speed.Reached)} %",
        Whole(speed.UntiledBoundGflops), $"{Whole(100 * speed.ReachedUntiled)} %",
    ];

    private static string Whole(double value) => value.ToString("0", CultureInfo.InvariantCulture);
}
