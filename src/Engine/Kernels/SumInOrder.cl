// Sums of arrays that other kernels have left, in an order that depends on their length alone. One group.

#define ITEMS 64

inline wide sum_in_order(const long count, global const wide *values, local wide *scratch)
{
    const int item = (int)get_local_id(0);
    wide own = 0;
    for (long at = item; at < count; at += ITEMS)
    {
        own += values[at];
    }

    scratch[item] = own;
    barrier(CLK_LOCAL_MEM_FENCE);
    wide sum = 0;
    if (item == 0)
    {
        for (int other = 0; other < ITEMS; other++)
        {
            sum += scratch[other];
        }
    }

    barrier(CLK_LOCAL_MEM_FENCE);
    return sum;
}

// totals[slot] += sum of values
kernel void add_sum(const long count, global const wide *values, local wide *scratch, global wide *totals, const int slot)
{
    const wide sum = sum_in_order(count, values, scratch);
    if (get_local_id(0) == 0)
    {
        totals[slot] += sum;
    }
}
