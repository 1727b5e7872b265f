using System.Runtime.Intrinsics;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Kernels;

/// <summary>What becomes of the sums of a stretch of connections.</summary>
internal unsafe interface IGradientSink
{
    /// <summary>Takes sums, not yet divided by the batch size; returns the squared norm of the gradient.</summary>
    double Take<T>(float* sums, long first, int count)
        where T : unmanaged, ILanes<T>;
}

internal static unsafe class GradientSink
{
    /// <summary>On the widest registers there are: sums stand side by side however few samples they are of.</summary>
    public static double TakeAll<TSink>(this ref TSink sink, float* sums, long first, int count)
        where TSink : unmanaged, IGradientSink =>
        Vector512.IsHardwareAccelerated ? sink.Take<Lanes16>(sums, first, count)
        : Vector256.IsHardwareAccelerated ? sink.Take<Lanes8>(sums, first, count)
        : Vector128.IsHardwareAccelerated ? sink.Take<Lanes4>(sums, first, count)
        : sink.Take<Lanes1>(sums, first, count);
}
