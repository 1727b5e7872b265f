using System.Runtime.CompilerServices;

namespace SparseService.Engine.Elementwise;

// Decay is decoupled, taken from the old parameter, and not multiplied by the rate: W ← W + … − decay·W.

/// <summary>Heavy-ball momentum: V ← momentum·V − rate·g; W ← W + V.</summary>
internal readonly struct Momentum(float rate, float momentum, float decay) : IOptimizer
{
    public static bool HasSecondState => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply<T>(T parameter, T gradient, ref T state0, ref T state1)
        where T : unmanaged, ILanes<T>
    {
        state0 = (T.Broadcast(momentum) * state0) - (T.Broadcast(rate) * gradient);
        return parameter + state0 - (T.Broadcast(decay) * parameter);
    }
}

/// <summary>Nesterov's form: V ← momentum·V − rate·g; W ← W + momentum·V − rate·g.</summary>
internal readonly struct Nesterov(float rate, float momentum, float decay) : IOptimizer
{
    public static bool HasSecondState => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply<T>(T parameter, T gradient, ref T state0, ref T state1)
        where T : unmanaged, ILanes<T>
    {
        var push = T.Broadcast(rate) * gradient;
        state0 = (T.Broadcast(momentum) * state0) - push;
        return parameter + ((T.Broadcast(momentum) * state0) - push) - (T.Broadcast(decay) * parameter);
    }
}

/// <summary>Adam (arXiv 1412.6980, algorithm 1). Both corrections are 1/(1 − betaᵗ).</summary>
internal readonly struct Adam(
    float rate, float beta1, float beta2, float epsilon, float correction1, float correction2, float decay) : IOptimizer
{
    public static bool HasSecondState => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Apply<T>(T parameter, T gradient, ref T state0, ref T state1)
        where T : unmanaged, ILanes<T>
    {
        state0 = (T.Broadcast(beta1) * state0) + (T.Broadcast(1 - beta1) * gradient);
        state1 = (T.Broadcast(beta2) * state1) + (T.Broadcast(1 - beta2) * (gradient * gradient));
        var first = state0 * T.Broadcast(correction1);
        var second = T.Sqrt(state1 * T.Broadcast(correction2)) + T.Broadcast(epsilon);
        return parameter - (T.Broadcast(rate) * (first / second)) - (T.Broadcast(decay) * parameter);
    }
}
