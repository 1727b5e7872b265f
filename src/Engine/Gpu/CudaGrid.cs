namespace SparseService.Engine.Gpu;

/// <summary>How groups lie in a grid of CUDA; CudaGrid.cl finds them there.</summary>
internal static class CudaGrid
{
    /// <summary>Groups along the dimension that is a grid's y.</summary>
    public const int MostAcross = 65_535;

    public const int MostAlong = int.MaxValue;

    /// <param name="groups">Along each dimension.</param>
    /// <param name="group">Work-items of a group: if it has several rows, the grid lies on its side.</param>
    /// <param name="doing">For the message.</param>
    /// <exception cref="DeviceException">There are too many groups.</exception>
    public static (uint X, uint Y) Of((long X, long Y) groups, (int X, int Y) group, string doing)
    {
        var (along, across) = group.Y > 1 ? (groups.Y, groups.X) : (groups.X, groups.Y);
        return along <= MostAlong && across <= MostAcross
            ? ((uint)along, (uint)across)
            : throw new DeviceException(
                $"{doing}: {groups.X} × {groups.Y} groups of {group.X} × {group.Y} work-items; allowed on CUDA: {MostAlong:N0}"
                + $" along {(group.Y > 1 ? "y" : "x")}, {MostAcross:N0} along the other. Take a smaller batchSize, or the backend opencl or simd");
    }
}
