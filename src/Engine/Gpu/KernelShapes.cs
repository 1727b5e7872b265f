namespace SparseService.Engine.Gpu;

/// <summary>How work is cut into work-items and groups. Another cut changes the order in which gradients are summed over samples, and nothing
/// else.</summary>
/// <param name="WidestRegister">Samples that a work-item holds at most.</param>
/// <param name="MostLanes">Work-items that share a sum over samples, at most; a power of two.</param>
/// <param name="GroupItems">Work-items of a group.</param>
internal sealed record KernelShapes(int WidestRegister, int MostLanes, int GroupItems)
{
    /// <summary>Threads in warps: neighbouring threads read neighbouring samples, four at a time.</summary>
    public static KernelShapes OfGpu { get; } = new(4, 32, 128);

    /// <summary>A processor's threads: each fills a SIMD register by itself, and barriers are dear.</summary>
    public static KernelShapes OfProcessor { get; } = new(16, 1, 32);

    public static KernelShapes Of(GpuDevice device) => device.IsGpu ? OfGpu : OfProcessor;

    /// <summary>Samples in a register: 16, 4 or 1, so that they fill a minibatch without remainder.</summary>
    public int Width(int batchSize) => WidestRegister >= 16 && batchSize % 16 == 0 ? 16 : WidestRegister >= 4 && batchSize % 4 == 0 ? 4 : 1;

    /// <summary>Work-items that share a sum over samples.</summary>
    public int Lanes(int batchSize)
    {
        var registers = batchSize / Width(batchSize);
        return MostLanes >= 32 && registers >= 32 ? 32 : MostLanes >= 8 && registers >= 8 ? 8 : 1;
    }

    /// <summary>What a kernel for such minibatches is compiled with.</summary>
    public string Options(int batchSize) => $"-DWIDTH={Width(batchSize)} -DLANES={Lanes(batchSize)}";

    /// <summary>Group of a product: registers of samples by rows.</summary>
    public (int X, int Y) ProductGroup(int batchSize)
    {
        // A processor compiles each shape of group anew, so it has one; a GPU would leave threads idle.
        var registers = batchSize / Width(batchSize);
        var across = MostLanes == 1 ? 4 : registers >= 32 ? 32 : registers >= 8 ? 8 : 1;
        return (across, GroupItems / across);
    }

    /// <summary>Group of sums over samples: work-items of a sum by sums.</summary>
    public (int X, int Y) SumGroup(int batchSize) => (Lanes(batchSize), GroupItems / Lanes(batchSize));
}
