namespace SparseService.Engine.Topology;

/// <summary>MT19937 (Matsumoto and Nishimura 1998), MATLAB's default stream: only to make again what others drew with it.</summary>
internal sealed class MersenneTwister
{
    /// <summary>MATLAB's.</summary>
    public const uint DefaultSeed = 5489;

    private const int Words = 624;
    private const int Middle = 397;
    private readonly uint[] state = new uint[Words];
    private int next = Words;

    public MersenneTwister(uint seed)
    {
        state[0] = seed;
        for (var i = 1u; i < Words; i++)
        {
            state[i] = (1812433253u * (state[i - 1] ^ (state[i - 1] >> 30))) + i;
        }
    }

    /// <summary>Uniform in [0, 1), 53 bits of two words.</summary>
    public double NextDouble()
    {
        var (high, low) = (Next() >> 5, Next() >> 6);
        return ((high * 67108864.0) + low) / 9007199254740992.0;
    }

    /// <summary>Passes over words.</summary>
    public void Skip(long words)
    {
        for (var i = 0L; i < words; i++)
        {
            Next();
        }
    }

    private uint Next()
    {
        if (next == Words)
        {
            Twist();
        }

        var y = state[next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680;
        y ^= (y << 15) & 0xEFC60000;
        return y ^ (y >> 18);
    }

    private void Twist()
    {
        for (var i = 0; i < Words; i++)
        {
            var y = (state[i] & 0x80000000) | (state[(i + 1) % Words] & 0x7FFFFFFF);
            state[i] = state[(i + Middle) % Words] ^ (y >> 1) ^ ((y & 1) * 0x9908B0DF);
        }

        next = 0;
    }
}
