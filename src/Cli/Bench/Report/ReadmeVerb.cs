using SparseService.Cli.Machine;
using SparseService.Cli.Verbs;

namespace SparseService.Cli.Bench.Report;

/// <summary><c>sparse bench readme</c>: README's table of measured figures from the result files.</summary>
internal sealed class ReadmeVerb : Verb
{
    public ReadmeVerb()
        : base(
            "readme",
            "Writes README's table and docs/measured.md, kernels.md, scale.md, partitioning.md and scaling.md from the files under "
            + "benchmarks/results.",
            "./sparse bench readme") =>
        SetAction(async (_, cancellationToken) =>
        {
            var root = Checkout.Require("bench");
            await FillAsync(Path.Combine(root, "README.md"), ReadmeTable.Of(root), cancellationToken);
            await FillAsync(Path.Combine(root, KernelTable.Path), KernelTable.Of(root), cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(root, ReadmeTable.FullPage), ReadmeTable.PageOf(root), cancellationToken);
            if (ScalePage.Of(root) is { } scale)
            {
                await File.WriteAllTextAsync(Path.Combine(root, ScalePage.Path), scale, cancellationToken);
            }

            if (PartitionPage.Of(root) is { } partitions)
            {
                await File.WriteAllTextAsync(Path.Combine(root, PartitionPage.Path), partitions, cancellationToken);
            }

            if (ScalingPage.Of(root) is { } scaling)
            {
                await File.WriteAllTextAsync(Path.Combine(root, ScalingPage.Path), scaling, cancellationToken);
            }

            return ExitCode.Done;
        });

    private static async Task FillAsync(string path, string table, CancellationToken cancellationToken)
    {
        var page = await File.ReadAllTextAsync(path, cancellationToken);
        await File.WriteAllTextAsync(path, ReadmeTable.Into(page, table), cancellationToken);
    }
}
