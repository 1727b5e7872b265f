// Dropout.cs in OpenCL C: the same neurons are dropped as on a CPU.

typedef struct
{
    ulong key;
    uint threshold;
    uint first;
    uint second;
    float scale;
} dropout;

// keep/(1 - rate) of the elements from index on.
inline lanes dropout_factors(const dropout mask, long index)
{
    const bits low = (bits)((uint)index) + RAMP;
    uint first = mask.first, second = mask.second;
    if ((index >> 32) != 0)
    {
        ulong z = mask.key + ((ulong)(index >> 32) + 1UL) * 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        z ^= z >> 31;
        first = (uint)z;
        second = (uint)(z >> 32);
    }

    bits x = low ^ (bits)(first);
    x = (x ^ (x >> (bits)(16u))) * (bits)(0x7FEB352Du);
    x = (x ^ (x >> (bits)(15u))) + (bits)(second);
    x = x * (bits)(0x846CA68Bu);
#if WIDTH == 1
    return x < mask.threshold ? 0.0f : mask.scale;
#else
    return select((lanes)(mask.scale), (lanes)(0.0f), x < (bits)(mask.threshold));
#endif
}
