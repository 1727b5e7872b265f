// MagnitudeCut.cs on a device: which connections are closest to zero. The bits of a float, sign apart, order as its magnitude does.
//
// Values are counted by some of their bits: in local memory first, then all groups together. Counts are whole numbers, so their order does not matter.

#define SIGN 0x80000000u
#define LOW_BITS 10
#define BINS (1 << LOW_BITS)
#define LEADING (1 << (31 - 2 * LOW_BITS))

// −0 is a zero, and zero is positive.
inline uint bits_of(const float value)
{
    const uint bits = as_uint(value);
    return bits == SIGN ? 0u : bits;
}

inline void clear(const int count, local int *bins)
{
    for (int bin = (int)get_local_id(0); bin < count; bin += (int)get_local_size(0))
    {
        bins[bin] = 0;
    }

    barrier(CLK_LOCAL_MEM_FENCE);
}

inline void add_up(const int count, local const int *bins, global int *counts)
{
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int bin = (int)get_local_id(0); bin < count; bin += (int)get_local_size(0))
    {
        if (bins[bin] != 0)
        {
            atomic_add(counts + bin, bins[bin]);
        }
    }
}

// All values by sign and leading bits: counts has 2·LEADING places.
kernel void count_leading(const long count, global const float *values, global int *counts, local int *bins)
{
    clear(2 * LEADING, bins);
    for (long k = get_global_id(0); k < count; k += get_global_size(0))
    {
        atomic_inc(bins + (bits_of(values[k]) >> (2 * LOW_BITS)));
    }

    add_up(2 * LEADING, bins, counts);
}

// Values whose bits above are those of the threshold of their sign, by the next LOW_BITS bits: counts has 2·BINS places, positives first.
kernel void count_next(
    const long count, global const float *values, const int shift, const uint positive, const uint negative, global int *counts, local int *bins)
{
    clear(2 * BINS, bins);
    for (long k = get_global_id(0); k < count; k += get_global_size(0))
    {
        const uint bits = bits_of(values[k]);
        const uint prefix = bits >> (shift + LOW_BITS);
        if (prefix == positive || prefix == (negative | (SIGN >> (shift + LOW_BITS))))
        {
            atomic_inc(bins + ((bits >> 31) * BINS + ((bits >> shift) & (BINS - 1))));
        }
    }

    add_up(2 * BINS, bins, counts);
}

// keeps[k] = 1 where the magnitude is above the threshold of the sign, and at it where none of those goes.
kernel void mark_kept(
    const long count, global const float *values, const uint positive, const int positives_go, const uint negative, const int negatives_go,
    global int *keeps)
{
    const long k = get_global_id(0);
    if (k < count)
    {
        const uint bits = bits_of(values[k]);
        const uint magnitude = bits & ~SIGN;
        const uint threshold = bits & SIGN ? negative : positive;
        const int goes = bits & SIGN ? negatives_go : positives_go;
        keeps[k] = magnitude > threshold || (magnitude == threshold && goes == 0);
    }
}

// ties[k] = 1 where the bits are the threshold's, sign included.
kernel void mark_ties(const long count, global const float *values, const uint threshold, global int *ties)
{
    const long k = get_global_id(0);
    if (k < count)
    {
        ties[k] = bits_of(values[k]) == threshold;
    }
}

// Of equals the first go. ranks: how many of them are before each.
kernel void keep_ties(const long count, global const float *values, const uint threshold, const int go, global const int *ranks, global int *keeps)
{
    const long k = get_global_id(0);
    if (k < count && bits_of(values[k]) == threshold && ranks[k] >= go)
    {
        keeps[k] = 1;
    }
}
