using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SparseService.Engine.Elementwise;

namespace SparseService.Engine.Inference;

/// <summary>One layer on the widest registers that the processor has.</summary>
internal static unsafe class StripLayer
{
    /// <summary>
    /// Whether there are 512-bit registers. <see cref="Vector512.IsHardwareAccelerated"/> says no on processors that slow down a little with them, such
    /// as Intel's of 2017 to 2020; here they pay there too (measured on a Xeon of 2.5 GHz, docs/inference.md).
    /// </summary>
    public static bool Has512Bits => Avx512F.IsSupported;

    /// <inheritdoc cref="FusedLayer{TLanes}.Apply"/>
    /// <param name="slots">A multiple of 16, at most 64.</param>
    public static ulong Apply(CompactLayer layer, float* x, float* y, int stride, int slots)
    {
        if (Has512Bits)
        {
            return FusedLayer512.Apply(layer, x, y, stride, slots);
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
