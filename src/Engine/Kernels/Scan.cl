// values[k] becomes the sum of all values before it, in place. Whole numbers, so the order of the sums does not matter.
//
//   tiles of ITEMS·RUN values, a group each (scan_tiles), then their sums (scan_totals, one group), then both together (add_totals)

#ifndef RUN
#define RUN 8
#endif

#define TILE (ITEMS * RUN)

// Sum over the items before this one; all items of the group.
inline int sum_before(const int own, local int *sums)
{
    const int item = (int)get_local_id(0);
    sums[item] = own;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = 1; step < ITEMS; step *= 2)
    {
        const int added = item >= step ? sums[item - step] : 0;
        barrier(CLK_LOCAL_MEM_FENCE);
        sums[item] += added;
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    const int before = sums[item] - own;
    barrier(CLK_LOCAL_MEM_FENCE);
    return before;
}

// The sums before each of an item's values, from the given one on.
inline int scan_own(const long first, const long end, int sum, global int *values)
{
    for (long k = first; k < end; k++)
    {
        const int value = values[k];
        values[k] = sum;
        sum += value;
    }

    return sum;
}

inline int sum_own(const long first, const long end, global const int *values)
{
    int sum = 0;
    for (long k = first; k < end; k++)
    {
        sum += values[k];
    }

    return sum;
}

// local size: ITEMS    groups: tiles
kernel void scan_tiles(const long count, global int *values, global int *totals, local int *sums)
{
    const long first = min(count, (long)get_global_id(0) * RUN);
    const long end = min(count, first + RUN);
    const int before = sum_before(sum_own(first, end, values), sums);
    const int sum = scan_own(first, end, before, values);
    if (get_local_id(0) == ITEMS - 1)
    {
        totals[get_group_id(0)] = sum;
    }
}

// One group of ITEMS.
kernel void scan_totals(const long count, global int *totals, local int *sums)
{
    const long share = (count + ITEMS - 1) / ITEMS;
    const long first = min(count, (long)get_local_id(0) * share);
    const long end = min(count, first + share);
    const int before = sum_before(sum_own(first, end, totals), sums);
    scan_own(first, end, before, totals);
}

// global size: count, in whole groups
kernel void add_totals(const long count, global int *values, global const int *totals)
{
    const long k = get_global_id(0);
    if (k < count)
    {
        values[k] += totals[k / TILE];
    }
}
