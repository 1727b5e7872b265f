using System.Runtime.Intrinsics;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Inference;

/// <summary>One layer on the widest registers that the processor has.</summary>
internal static unsafe class StripLayer
{
    /// <inheritdoc cref="FusedLayer{TLanes}.Apply"/>
    /// <param name="slots">A multiple of 16, at most 64.</param>
    public static ulong Apply(CompactLayer layer, float* x, float* y, int stride, int slots)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            return FusedLayer<Lanes16>.Apply(layer, x, y, stride, slots);
        }

        if (Vector256.IsHardwareAccelerated)
        {
            return FusedLayer<Lanes8>.Apply(layer, x, y, stride, slots);
        }

        return Vector128.IsHardwareAccelerated
            ? FusedLayer<Lanes4>.Apply(layer, x, y, stride, slots)
            : FusedLayer<Lanes1>.Apply(layer, x, y, stride, slots);
    }
}
