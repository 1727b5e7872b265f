using System.Runtime.CompilerServices;

namespace SparseService.Engine.Elementwise;

/// <summary>Exponential and hyperbolic tangent on lanes, after Cephes (Moshier): relative error below 2·10⁻⁷. NaN gives
/// NaN.</summary>
internal static class LaneMath
{
    private const float LargestExponent = 88;

    /// <summary>eᵃ, with a first limited to ±88, where float32 ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T a)
        where T : unmanaged, ILanes<T>
    {
        a = T.IfLess(a, T.Broadcast(-LargestExponent), T.Broadcast(-LargestExponent), a);
        a = T.IfLess(T.Broadcast(LargestExponent), a, T.Broadcast(LargestExponent), a);

        // Adding 1.5·2²³ rounds to an integer n and leaves it in the low bits: e^a = 2^n · e^r with |r| ≤ ln(2)/2.
        var shifted = T.MultiplyAdd(a, T.Broadcast(1.44269504f), T.Broadcast(12582912f));
        var n = shifted - T.Broadcast(12582912f);
        var r = T.MultiplyAdd(n, T.Broadcast(-0.693359375f), a);
        r = T.MultiplyAdd(n, T.Broadcast(2.12194440e-4f), r);

        var p = T.Broadcast(1.9875691500e-4f);
        p = T.MultiplyAdd(p, r, T.Broadcast(1.3981999507e-3f));
        p = T.MultiplyAdd(p, r, T.Broadcast(8.3334519073e-3f));
        p = T.MultiplyAdd(p, r, T.Broadcast(4.1665795894e-2f));
        p = T.MultiplyAdd(p, r, T.Broadcast(1.6666665459e-1f));
        p = T.MultiplyAdd(p, r, T.Broadcast(5.0000001201e-1f));
        p = T.MultiplyAdd(p, r * r, r) + T.Broadcast(1);
        return p * T.ShiftLeftBits(T.AddBits(shifted, T.BroadcastBits(127)), 23);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sigmoid<T>(T a)
        where T : unmanaged, ILanes<T> => T.Broadcast(1) / (T.Broadcast(1) + Exp(T.Broadcast(0) - a));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh<T>(T a)
        where T : unmanaged, ILanes<T>
    {
        var sign = a & T.BroadcastBits(0x8000_0000);
        var size = a & T.BroadcastBits(0x7FFF_FFFF);
        var large = T.Broadcast(1) - (T.Broadcast(2) / (Exp(size + size) + T.Broadcast(1)));

        // Near 0 the difference above would cancel.
        var square = a * a;
        var p = T.Broadcast(-5.70498872745e-3f);
        p = T.MultiplyAdd(p, square, T.Broadcast(2.06390887954e-2f));
        p = T.MultiplyAdd(p, square, T.Broadcast(-5.37397155531e-2f));
        p = T.MultiplyAdd(p, square, T.Broadcast(1.33314422036e-1f));
        p = T.MultiplyAdd(p, square, T.Broadcast(-3.33332819422e-1f));
        var small = T.MultiplyAdd(p * square, a, a);
        return T.IfLess(size, T.Broadcast(0.625f), small, large | sign);
    }
}
