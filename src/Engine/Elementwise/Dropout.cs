using System.Runtime.CompilerServices;

namespace SparseService.Engine.Elementwise;

/// <summary>
/// Which activations of a minibatch are dropped: a hash of (key, index), so that the mask is never stored and does not depend
/// on threads or SIMD width.
/// </summary>
/// <param name="Rate">Share dropped, 0 to below 1.</param>
/// <param name="Key">Another mask for another key; one per (seed, step, layer).</param>
public readonly record struct Dropout(float Rate, ulong Key)
{
    public static Dropout None => default;

    /// <summary>1/(1 − rate): what kept activations are multiplied by.</summary>
    public float Scale => 1 / (1 - Rate);

    /// <summary>Hashes below this are dropped; resolution 2⁻³².</summary>
    internal uint Threshold => (uint)Math.Min(Rate * 4294967296.0, uint.MaxValue);

    /// <param name="index">neuron·batchSize + sample.</param>
    public bool Keeps(long index)
    {
        var (first, second) = Halves((uint)(index >> 32));
        var hash = Hash(new Lanes1(BitConverter.UInt32BitsToSingle((uint)index)), Bits(first), Bits(second));
        return BitConverter.SingleToUInt32Bits(hash.Value) >= Threshold;

        static Lanes1 Bits(uint value) => Lanes1.BroadcastBits(value);
    }

    /// <summary>The two words that the key makes with the high half of an index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal (uint First, uint Second) Halves(uint indexHigh)
    {
        // SplitMix64's finaliser, so that neighbouring keys give unrelated words.
        var z = Key + ((indexHigh + 1UL) * 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        return ((uint)z, (uint)(z >> 32));
    }

    /// <summary>
    /// Wellons' two-multiply 32-bit finaliser "lowbias32" with one key word before and one in the middle of it.
    /// Its last xor-shift is left out: it changes only low bits, and the hash is compared with a threshold.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Hash<T>(T indexLow, T first, T second)
        where T : unmanaged, ILanes<T>
    {
        var x = indexLow ^ first;
        x = T.MultiplyBits(x ^ T.ShiftRightBits(x, 16), T.BroadcastBits(0x7FEB352D));
        x = T.AddBits(x ^ T.ShiftRightBits(x, 15), second);
        return T.MultiplyBits(x, T.BroadcastBits(0x846CA68B));
    }
}
