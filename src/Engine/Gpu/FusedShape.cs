namespace SparseService.Engine.Gpu;

/// <summary>How FusedLayer.cl is cut.</summary>
/// <param name="Rows">Outputs of a group, a work-item each.</param>
/// <param name="Stage">Inputs that stand in local memory at a time.</param>
/// <param name="Slice">Rows that are padded to one length; divides <paramref name="Rows"/>.</param>
/// <param name="Width">Inputs of the network in a register.</param>
/// <param name="Registers">Registers of a work-item.</param>
internal sealed record FusedShape(int Rows, int Stage, int Slice, int Width, int Registers)
{
    /// <summary>Work-items of the group that closes up the inputs that are left.</summary>
    public const int CompactItems = 256;

    /// <summary>As in the paper: 256 rows, 24 KiB of local memory, slices of a warp, 12 inputs.</summary>
    public static FusedShape OfGpu { get; } = new(256, 512, 32, 4, 3);

    /// <summary>A processor's registers hold 16, and its caches do not care for the size of a stage.</summary>
    public static FusedShape OfProcessor { get; } = new(64, 512, 8, 16, 1);

    /// <summary>Inputs of the network that a group computes with.</summary>
    public int Features => Width * Registers;

    public string Options => $"-DROWS={Rows} -DSLICE={Slice} -DWIDTH={Width} -DREGISTERS={Registers} -DITEMS={CompactItems}";

    public static FusedShape Of(GpuDevice device) => device.IsGpu ? OfGpu : OfProcessor;
}
