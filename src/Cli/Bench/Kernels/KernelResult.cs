namespace SparseService.Cli.Bench.Kernels;

/// <summary>Speed of the kernels on one machine, beside what that machine could do at most.</summary>
internal sealed record KernelResult(Origin Origin, int Threads, MachineLimits Limits, IReadOnlyList<KernelSpeed> Operations);

/// <summary>One operation on one layer. What is counted stands at <see cref="KernelTraffic"/>.</summary>
/// <param name="Layer">Its widths, input first.</param>
/// <param name="Microseconds">Median of the rounds, with its spread.</param>
/// <param name="Gflops">At the median.</param>
/// <param name="BestGflops">At the fastest round.</param>
/// <param name="BoundGflops">The lowest of the machine's limits for this operation.</param>
/// <param name="Limit">Which one that is.</param>
/// <param name="Reached">Best against bound: the limits are the fastest that was seen, too.</param>
/// <param name="UntiledBoundGflops">What it could reach if each gathered row came from the second-level cache every time.</param>
/// <param name="ReachedUntiled">Best against that; above 1 a body keeps rows in the first level.</param>
internal sealed record KernelSpeed(
    string Network, int Batch, string Operation, string Layer, long Nnz, Spread Microseconds, double Gflops, double BestGflops,
    KernelTraffic Traffic, double BoundGflops, string Limit, double Reached, double UntiledBoundGflops, double ReachedUntiled);

internal sealed record Spread(double Median, double Fastest, double Slowest)
{
    public static Spread Of(Series series, double unit) =>
        new(unit * series.Median, unit * series.Fastest, unit * series.Slowest);
}
