using System.Numerics;

namespace SparseService.Engine;

/// <summary>What a random draw is for. The numbers are part of the checkpoint contract: never renumber, only append.</summary>
public enum RandomPurpose
{
    Topology = 1,
    Weights = 2,
    Shuffle = 3,
    Dropout = 4,
    Evolution = 5,
    Split = 6,
    GeneratedData = 7,
    Partition = 8,
    Worker = 9,
}

/// <summary>
/// A stream of random numbers that is a function of (seed, purpose, epoch, layer) and of nothing else: not of threads, not of what was
/// drawn before. xoshiro256** (Blackman and Vigna, 2018), its state filled by SplitMix64 from the mixed key.
/// </summary>
public struct RandomStream
{
    private ulong s0;
    private ulong s1;
    private ulong s2;
    private ulong s3;

    private RandomStream(ulong key)
    {
        s0 = SplitMix64(ref key);
        s1 = SplitMix64(ref key);
        s2 = SplitMix64(ref key);
        s3 = SplitMix64(ref key);
    }

    public static RandomStream For(ulong seed, RandomPurpose purpose, long epoch = 0, long layer = 0) =>
        new(Key(seed, purpose, epoch, layer));

    /// <summary>The stream of a key, for draws that belong to one of many things, e.g. a connection.</summary>
    public static RandomStream From(ulong key) => new(key);

    /// <summary>A 64-bit key for counter-based draws, e.g. dropout's.</summary>
    public static ulong Key(ulong seed, RandomPurpose purpose, long epoch = 0, long layer = 0)
    {
        // Each component passes a full SplitMix64 round before the next is added, so that close keys give unrelated streams.
        var key = seed;
        key = SplitMix64(ref key) + (ulong)purpose;
        key = SplitMix64(ref key) + (ulong)epoch;
        key = SplitMix64(ref key) + (ulong)layer;
        return SplitMix64(ref key);
    }

    /// <summary>A number that looks unrelated to <paramref name="key"/> and to those of its neighbours; a bijection (SplitMix64).</summary>
    public static ulong Mix(ulong key) => SplitMix64(ref key);

    public ulong NextUInt64()
    {
        var result = BitOperations.RotateLeft(s1 * 5, 7) * 9;
        var t = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = BitOperations.RotateLeft(s3, 45);
        return result;
    }

    /// <summary>A stream of its own, whose length does not matter to this one.</summary>
    public RandomStream Fork() => new(NextUInt64());

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [low, high).</summary>
    public double NextDouble(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>Uniform in [0, bound), without bias (Lemire 2019).</summary>
    public long NextBelow(long bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        var range = (ulong)bound;
        var high = Math.BigMul(NextUInt64(), range, out var low);
        if (low < range)
        {
            var threshold = (0UL - range) % range;
            while (low < threshold)
            {
                high = Math.BigMul(NextUInt64(), range, out low);
            }
        }

        return (long)high;
    }

    /// <summary>Standard normal (Box and Muller; one of the pair is used, so that a draw has no hidden state).</summary>
    public double NextNormal()
    {
        var radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }

    /// <summary>Shuffles in place (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = (int)NextBelow(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private static ulong SplitMix64(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
