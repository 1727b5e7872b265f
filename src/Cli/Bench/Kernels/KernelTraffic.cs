namespace SparseService.Cli.Bench.Kernels;

/// <summary>
/// What an operation must compute and move at least, whatever its body does. The model, in one place:
/// <list type="bullet">
/// <item>flops: a multiply and an add for each connection, sample and product; nothing for activation, dropout or optimizer. A row of
/// bytes takes more instructions, which count against the limit and not as work done: widening, conversion and, in the forward pass,
/// another multiply-add. Four start in a cycle, two of them multiply-adds.</item>
/// <item>first-level cache: for each connection one row of the minibatch, 4·batch bytes or batch, is loaded, and serves all products; the
/// other factors and the sums stay in registers. In a pattern drawn at random two neighbours hardly ever want the same row, so that one
/// load could serve both.</item>
/// <item>second-level cache: every array passes once, as if the rows that are gathered stayed in the first level until nobody needs
/// them again: an ideal tiling. Nothing where all arrays together fit the first level.</item>
/// <item>memory: the same bytes, where the arrays together do not fit the last-level cache; nothing where they do.</item>
/// </list>
/// <see cref="UntiledL2Bytes"/> is what moves without any tiling: each gathered row comes from the second level every time.
/// </summary>
/// <param name="Flops">2·nnz·batch for each product.</param>
/// <param name="FmaShare">Of the multiply-add peak, what other instructions leave.</param>
internal sealed record KernelTraffic(
    double Flops, double L1Bytes, double L2Bytes, double MemoryBytes, double UntiledL2Bytes, double FmaShare = 1)
{
    // What fits here costs the second level nothing after its first use.
    private const long FirstLevelBytes = 32 << 10;

    /// <param name="gatheredRows">Neurons whose rows are read connection by connection; those without connections do not count.</param>
    /// <param name="streamedRows">Rows that are read or written once.</param>
    /// <param name="bytesPerConnection">Of weights, indices and optimizer state, read and written.</param>
    /// <param name="products">Of a connection's row: 2 in the fused backward pass.</param>
    /// <param name="byteInstructions">Of a register's product with a row of bytes; null where rows are floats.</param>
    public static KernelTraffic Of(
        long nnz, int batch, long gatheredRows, long streamedRows, int bytesPerConnection, int products = 1, int? byteInstructions = null)
    {
        var rowBytes = (byteInstructions is null ? 4.0 : 1.0) * batch;
        var once = (streamedRows * 4.0 * batch) + ((double)bytesPerConnection * nnz);
        var whole = once + (gatheredRows * rowBytes);
        var untiled = gatheredRows * rowBytes <= FirstLevelBytes ? whole : once + (nnz * rowBytes);
        return new KernelTraffic(
            2.0 * products * nnz * batch, nnz * rowBytes, whole <= FirstLevelBytes ? 0 : whole,
            whole <= CpuModel.LastLevelCacheBytes ? 0 : whole, whole <= FirstLevelBytes ? 0 : untiled, 2.0 / (byteInstructions ?? 2));
    }

    /// <summary>The lowest limit, in GFLOP/s, and its name.</summary>
    public (string Name, double Gflops) Bound(MachineLimits limits) => new (string Name, double Gflops)[]
    {
        ("FMA", limits.FmaGflops * FmaShare),
        ("L1", Gflops(limits.L1GigabytesPerSecond, L1Bytes)),
        ("L2", Gflops(limits.L2GigabytesPerSecond, L2Bytes)),
        ("memory", Gflops(limits.MemoryGigabytesPerSecond, MemoryBytes)),
    }.MinBy(limit => limit.Gflops);

    /// <summary>What a body without tiling could reach at most.</summary>
    public double UntiledBound(MachineLimits limits) =>
        Math.Min(Bound(limits).Gflops, Gflops(limits.L2GigabytesPerSecond, UntiledL2Bytes));

    private double Gflops(double gigabytesPerSecond, double bytes) =>
        bytes == 0 ? double.PositiveInfinity : gigabytesPerSecond * Flops / bytes;
}
