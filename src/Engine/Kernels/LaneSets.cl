// Sums of products over a minibatch, one for a set of LANES work-items: dimension 0 is the place in the set, dimension 1 the set.
// A device whose work-items are threads of a CPU has sets of one; there are no barriers then.

#ifndef LANES
#define LANES 1
#endif

#define SETS ((int)get_local_size(1))

// The sum of what each work-item of a set has, the same for all of them. scratch has an element for each work-item of the group.
inline float sum_of_set(float own, local float *scratch)
{
#if LANES == 1
    return own;
#else
    const int lane = (int)get_local_id(0);
    local float *set = scratch + ((int)get_local_id(1) * LANES);
    set[lane] = own;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int half_of = LANES / 2; half_of > 0; half_of /= 2)
    {
        if (lane < half_of)
        {
            set[lane] += set[lane + half_of];
        }

        barrier(CLK_LOCAL_MEM_FENCE);
    }

    const float sum = set[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    return sum;
#endif
}

// Leaves the sum over the sets of a group, in their order. own counts once for a set.
inline void leave_partial(wide own, local wide *of_sets, global wide *partials)
{
    if (get_local_id(0) == 0)
    {
        of_sets[get_local_id(1)] = own;
    }

    barrier(CLK_LOCAL_MEM_FENCE);
    if (get_local_id(0) == 0 && get_local_id(1) == 0)
    {
        wide sum = 0;
        for (int set = 0; set < SETS; set++)
        {
            sum += of_sets[set];
        }

        partials[get_group_id(1)] = sum;
    }
}
