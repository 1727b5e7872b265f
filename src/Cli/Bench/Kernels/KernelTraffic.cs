namespace SparseService.Cli.Bench.Kernels;

/// <summary>
/// What an operation must compute and move at least, whatever its body does. The model, in one place:
/// <list type="bullet">
/// <item>flops: a multiply and an add for each connection and sample; nothing for activation, dropout or optimizer.</item>
/// <item>first-level cache: for each connection one row of the minibatch, 4·batch bytes, is loaded; the other factor and the sums stay
/// in registers. No body can do with less, since the rows of a sparse pattern are not shared between neighbours.</item>
/// <item>second-level cache: every array passes once, as if the rows that are gathered stayed in the first level until nobody needs
/// them again: an ideal tiling.</item>
/// <item>memory: the same bytes, where the arrays together do not fit the last-level cache; nothing where they do.</item>
/// </list>
/// <see cref="UntiledL2Bytes"/> is what moves without any tiling: each gathered row comes from the second level every time.
/// </summary>
/// <param name="Flops">2·nnz·batch.</param>
internal sealed record KernelTraffic(double Flops, double L1Bytes, double L2Bytes, double MemoryBytes, double UntiledL2Bytes)
{
    // Rows that all fit here cost the second level nothing after their first use.
    private const long FirstLevelBytes = 32 << 10;

    /// <param name="gatheredRows">Neurons whose rows are read connection by connection.</param>
    /// <param name="streamedRows">Rows that are read or written once.</param>
    /// <param name="bytesPerConnection">Of weights, indices and optimizer state, read and written.</param>
    public static KernelTraffic Of(long nnz, int batch, long gatheredRows, long streamedRows, int bytesPerConnection)
    {
        var rowBytes = 4.0 * batch;
        var once = (streamedRows * rowBytes) + ((double)bytesPerConnection * nnz);
        var whole = once + (gatheredRows * rowBytes);
        var untiled = gatheredRows * rowBytes <= FirstLevelBytes ? whole : once + (nnz * rowBytes);
        return new KernelTraffic(
            2.0 * nnz * batch, nnz * rowBytes, whole, whole <= CpuModel.LastLevelCacheBytes ? 0 : whole, untiled);
    }

    /// <summary>The lowest limit, in GFLOP/s, and its name.</summary>
    public (string Name, double Gflops) Bound(MachineLimits limits) => new (string Name, double Gflops)[]
    {
        ("FMA", limits.FmaGflops),
        ("L1", limits.L1GigabytesPerSecond * Flops / L1Bytes),
        ("L2", limits.L2GigabytesPerSecond * Flops / L2Bytes),
        ("memory", MemoryBytes == 0 ? double.PositiveInfinity : limits.MemoryGigabytesPerSecond * Flops / MemoryBytes),
    }.MinBy(limit => limit.Gflops);

    /// <summary>What a body without tiling could reach at most.</summary>
    public double UntiledBound(MachineLimits limits) => Math.Min(limits.FmaGflops, limits.L2GigabytesPerSecond * Flops / UntiledL2Bytes);
}
