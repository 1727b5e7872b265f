namespace SparseService.Engine.Ilgpu.Kernels;

/// <summary>What one thread of a device does. The fields are the arguments.</summary>
/// <remarks>
/// Threads lie in groups of (columns, rows). Neighbours in a row of a group read neighbouring samples; a thread past the last row or column
/// has nothing to do, but meets the others at every barrier.
/// </remarks>
internal interface IKernel
{
    void Execute();
}

/// <summary>Where a thread stands, in all groups together.</summary>
internal static class Place
{
    public static long Row => ((long)Grid.IdxX * Group.DimY) + Group.IdxY;

    public static int Column => (Grid.IdxY * Group.DimX) + Group.IdxX;
}

/// <summary>How threads are grouped.</summary>
/// <param name="MostLanes">Threads of a group side by side in a row, at most: 32, 8 or 1.</param>
/// <param name="Items">Threads of a group, at most <see cref="Most"/>.</param>
internal readonly record struct GroupShape(int MostLanes, int Items)
{
    /// <summary>What shared memory is laid out for.</summary>
    public const int Most = 128;

    public static GroupShape OfGpu => new(32, Most);

    /// <summary>A barrier of ILGPU's processor accelerator costs thousands of multiplications, so each thread is alone.</summary>
    public static GroupShape OfProcessor => new(1, 1);

    /// <summary>Threads in a row for so many samples.</summary>
    public int Lanes(int batchSize) => Math.Min(MostLanes, batchSize >= 32 ? 32 : batchSize >= 8 ? 8 : 1);
}
