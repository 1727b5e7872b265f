namespace SparseService.Cli.Bench;

/// <summary>Speed of the kernels on one machine, beside what that machine could do at most.</summary>
internal sealed record KernelResult
{
    public required string Command { get; init; }

    public required string Date { get; init; }

    public required string Processor { get; init; }

    public required string Runtime { get; init; }

    public required int Threads { get; init; }

    public required int Batch { get; init; }

    public required MachineLimits Limits { get; init; }

    public required IReadOnlyList<KernelSpeed> Operations { get; init; }

    /// <summary>All kernels of one training step in a row: forward, loss, backward, update; without loading samples.</summary>
    public required IReadOnlyList<StepTime> Steps { get; init; }
}

/// <param name="Layer">Its widths, input first.</param>
/// <param name="Gflops">Median of the rounds; counted are 2·nnz·batch flops, nothing for activation, dropout or optimizer.</param>
/// <param name="L2BytesPerFlop">
/// What must come from the second-level cache: a row of activations for each connection, and each other array once.
/// </param>
/// <param name="BoundGflops">The lowest of the three limits; memory counts where the arrays do not fit the last-level cache.</param>
/// <param name="Limit">Which one that is.</param>
internal sealed record KernelSpeed(
    string Operation, string Layer, long Nnz, double Gflops, double BestGflops, double L2BytesPerFlop, double BoundGflops, string Limit)
{
    /// <summary>Best against bound: the limits are the fastest that was seen, too.</summary>
    public double Reached => BestGflops / BoundGflops;
}

internal sealed record StepTime(string Network, int Batch, double Microseconds, double BestMicroseconds);
