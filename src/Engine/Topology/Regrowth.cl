// Regrowth.cs on a device: old connections that stay and sites where new ones grow are merged row by row.
//
//   places        [connection + 1]: connections that stay before it; one stays where the next place is another
//   site_offsets  [row + 1]: where the sites of a row begin; columns ascend in each row
//   ranks         [site + 1]: sites that grow before it; one grows where the next rank is another
//
// A row is a work-item's: the rows are many, and a merge has an order.

#define HAS(sums, k) ((sums)[(k) + 1] != (sums)[k])

// RandomStream.Mix
inline ulong mix(const ulong key)
{
    ulong z = key + 0x9E3779B97F4A7C15UL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
    return z ^ (z >> 31);
}

inline ulong cell_of(const int row, const int column, const int columns)
{
    return (ulong)((long)row * columns + column);
}

// grows[site] = 1 where no connection stays, priorities of all sites. survey: how many such sites there are, and how many of these are watched;
// their priorities go to watched, in no order.
kernel void survey_sites(
    const int rows, const int columns, global const long *offsets, global const int *connections, global const int *places,
    global const int *site_offsets, global const int *sites, const ulong key, const ulong watched_from, global int *grows, global ulong *priorities,
    global int *survey, global ulong *watched)
{
    const int row = (int)get_global_id(0);
    if (row >= rows)
    {
        return;
    }

    const long end = offsets[row + 1];
    long k = offsets[row];
    int free = 0;
    for (int site = site_offsets[row]; site < site_offsets[row + 1]; site++)
    {
        while (k < end && connections[k] < sites[site])
        {
            k++;
        }

        const int is_free = k == end || connections[k] != sites[site] || !HAS(places, k);
        const ulong priority = mix(key ^ cell_of(row, sites[site], columns));
        grows[site] = is_free;
        priorities[site] = priority;
        free += is_free;
        if (is_free && priority >= watched_from)
        {
            watched[atomic_inc(survey + 1)] = priority;
        }
    }

    atomic_add(survey, free);
}

// Of the free sites those from the cut on are left out.
kernel void cut_sites(const int count, global const ulong *priorities, const ulong cut, global int *grows)
{
    const int site = (int)get_global_id(0);
    if (site < count && priorities[site] >= cut)
    {
        grows[site] = 0;
    }
}

// Where every connection and every site goes; −1: nowhere.
kernel void merge_rows(
    const int rows, global const long *offsets, global const int *connections, global const int *places, global const int *site_offsets,
    global const int *sites, global const int *ranks, global int *targets, global int *site_targets)
{
    const int row = (int)get_global_id(0);
    if (row >= rows)
    {
        return;
    }

    const int last = site_offsets[row + 1];
    int site = site_offsets[row];
    int to = places[offsets[row]] + ranks[site];
    for (long k = offsets[row]; k < offsets[row + 1]; k++)
    {
        for (; site < last && sites[site] <= connections[k]; site++)
        {
            site_targets[site] = HAS(ranks, site) ? to++ : -1;
        }

        targets[k] = HAS(places, k) ? to++ : -1;
    }

    for (; site < last; site++)
    {
        site_targets[site] = HAS(ranks, site) ? to++ : -1;
    }
}

// Columns, values or optimizer state, as bits: those of connections that stay.
kernel void move_kept(const long count, global const int *targets, global const uint *from, global uint *to)
{
    const long k = get_global_id(0);
    if (k < count && targets[k] >= 0)
    {
        to[targets[k]] = from[k];
    }
}

// The same of connections that grow; zeros where there is nothing to take from.
kernel void begin_grown(const int count, global const int *targets, global const uint *from, global uint *to)
{
    const int site = (int)get_global_id(0);
    if (site < count && targets[site] >= 0)
    {
        to[targets[site]] = from ? from[site] : 0u;
    }
}

// global size: rows + 1
kernel void move_offsets(
    const int rows, global const int *places, global const int *site_offsets, global const int *ranks, global long *offsets)
{
    const int row = (int)get_global_id(0);
    if (row <= rows)
    {
        offsets[row] = (long)places[offsets[row]] + ranks[site_offsets[row]];
    }
}

// ExplorationSketch.Add of every connection that grows; registers has 2^INDEX_BITS places.
kernel void explore(
    const int rows, const int columns, global const int *site_offsets, global const int *sites, global const int *ranks, global int *registers)
{
    const int row = (int)get_global_id(0);
    if (row >= rows)
    {
        return;
    }

    for (int site = site_offsets[row]; site < site_offsets[row + 1]; site++)
    {
        if (HAS(ranks, site))
        {
            const ulong hash = mix(cell_of(row, sites[site], columns));
            const int rank = min(64 - INDEX_BITS + 1, (int)clz(hash << INDEX_BITS) + 1);
            atomic_max(registers + (hash >> (64 - INDEX_BITS)), rank);
        }
    }
}
