using System.Runtime.CompilerServices;

namespace SparseService.Engine.Elementwise;

/// <summary><see cref="Dropout"/> prepared for whole registers.</summary>
internal readonly struct DropoutMask
{
    private readonly Dropout dropout;
    private readonly float scale;
    private readonly uint threshold;
    private readonly uint first;
    private readonly uint second;

    public DropoutMask(in Dropout dropout)
    {
        this.dropout = dropout;
        (scale, threshold) = (dropout.Scale, dropout.Threshold);
        (first, second) = dropout.Halves(0);
    }

    public bool IsEmpty => dropout.Rate == 0;

    /// <summary>keep/(1 − rate) of the elements from <paramref name="index"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Factors<T>(long index)
        where T : unmanaged, ILanes<T>
    {
        var low = T.AddBits(T.BroadcastBits((uint)index), T.RampBits);
        var hash = index < uint.MaxValue - 64
            ? Dropout.Hash(low, T.BroadcastBits(first), T.BroadcastBits(second))
            : HashBeyond(low, index);
        return T.IfLessBits(hash, T.BroadcastBits(threshold), T.Broadcast(0), T.Broadcast(scale));
    }

    // Beyond 2³² elements the high half of the index counts too, and it may change inside a register.
    // Inlined all the same: a call here, even one never made, would push the caller's registers out to memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T HashBeyond<T>(T low, long index)
        where T : unmanaged, ILanes<T>
    {
        var high = (uint)(index >> 32);
        var (thisFirst, thisSecond) = dropout.Halves(high);
        var (nextFirst, nextSecond) = dropout.Halves(high + 1);
        return T.IfLessBits(
            low,
            T.BroadcastBits((uint)index),
            Dropout.Hash(low, T.BroadcastBits(nextFirst), T.BroadcastBits(nextSecond)),
            Dropout.Hash(low, T.BroadcastBits(thisFirst), T.BroadcastBits(thisSecond)));
    }
}
