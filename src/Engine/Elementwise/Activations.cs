using System.Runtime.CompilerServices;

namespace SparseService.Engine.Elementwise;

// Comparisons are strict and false for NaN, so NaN always passes through. At the kink itself the right side counts: slope 1 at
// z = 0.

internal readonly struct Linear : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T z)
        where T : unmanaged, ILanes<T> => z;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Slope<T>(T z, T value)
        where T : unmanaged, ILanes<T> => T.Broadcast(1);
}

internal readonly struct Relu : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T z)
        where T : unmanaged, ILanes<T> => T.IfLess(z, T.Broadcast(0), T.Broadcast(0), z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Slope<T>(T z, T value)
        where T : unmanaged, ILanes<T> => T.IfLess(z, T.Broadcast(0), T.Broadcast(0), T.Broadcast(1));
}

/// <summary>Leaky ReLU (positive left slope) and All-ReLU (left slope of either sign, arXiv 2102.01732).</summary>
internal readonly struct LeftSlopeRelu(float leftSlope) : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T z)
        where T : unmanaged, ILanes<T> => T.IfLess(z, T.Broadcast(0), z * T.Broadcast(leftSlope), z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Slope<T>(T z, T value)
        where T : unmanaged, ILanes<T> => T.IfLess(z, T.Broadcast(0), T.Broadcast(leftSlope), T.Broadcast(1));
}

/// <summary>SReLU with fixed parameters: slope 1 between the thresholds, its own slope beyond each.</summary>
internal readonly struct SRelu(float leftThreshold, float leftSlope, float rightThreshold, float rightSlope) : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T z)
        where T : unmanaged, ILanes<T>
    {
        var (tl, tr) = (T.Broadcast(leftThreshold), T.Broadcast(rightThreshold));
        var left = T.MultiplyAdd(z - tl, T.Broadcast(leftSlope), tl);
        var right = T.MultiplyAdd(z - tr, T.Broadcast(rightSlope), tr);
        return T.IfLess(z, tl, left, T.IfLess(z, tr, z, right));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Slope<T>(T z, T value)
        where T : unmanaged, ILanes<T> =>
        T.IfLess(
            z,
            T.Broadcast(leftThreshold),
            T.Broadcast(leftSlope),
            T.IfLess(z, T.Broadcast(rightThreshold), T.Broadcast(1), T.Broadcast(rightSlope)));
}

internal readonly struct Tanh : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T z)
        where T : unmanaged, ILanes<T> => LaneMath.Tanh(z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Slope<T>(T z, T value)
        where T : unmanaged, ILanes<T> => T.Broadcast(1) - (value * value);
}

internal readonly struct Sigmoid : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T z)
        where T : unmanaged, ILanes<T> => LaneMath.Sigmoid(z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Slope<T>(T z, T value)
        where T : unmanaged, ILanes<T> => value * (T.Broadcast(1) - value);
}
