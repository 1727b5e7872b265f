// One layer of inference on many inputs:  Y = min(cap, max(0, W·X + b)),  after Hidayetoglu et al. (arXiv 2007.14152, section III)
//
//   X  [input, neuron]: an input's activations side by side        list  where the inputs that are still active stand in X
//   Y  [place in the list, neuron]                                  alive  1 where an output is above 0
//
// A group holds ROWS neighbouring outputs, a work-item one of them, for FEATURES inputs at once in REGISTERS registers. What the group reads of X
// goes through local memory in stages: map names the neurons of a stage. The weights of a stage lie in slices of SLICE rows, padded with
// zeros to the slice's longest row, lane by lane (sliced ELL); their columns count within the stage and so fit 16 bits.
//
//   local size   (ROWS, 1)           groups  (outputs / ROWS, active / FEATURES), both rounded up
//
// counts holds how many inputs enter each layer. It is read on the device: groups beyond have nothing to do.

#define FEATURES (REGISTERS * WIDTH)
#define SLICES (ROWS / SLICE)

kernel void fused_layer(
    const int inputs, const int outputs, global const int *counts, const int layer, global const int *first_stages, global const int *map_offsets,
    global const ushort *map, global const int *slice_offsets, global const ushort *columns, global const float *values,
    global const float *biases, const float cap, global const int *list, global const float *x, global float *y, global int *alive,
    local float *stage, local int *is_alive)
{
    const int item = (int)get_local_id(0);
    const int block = (int)get_group_id(0);
    const int row = block * ROWS + item;
    const int first = (int)get_group_id(1) * FEATURES;
    const int active = counts[layer];
    if (first >= active)
    {
        return; // the whole group
    }

    lanes sum[REGISTERS];
    for (int r = 0; r < REGISTERS; r++)
    {
        sum[r] = (lanes)(row < outputs ? biases[row] : 0.0f);
    }

    for (int s = first_stages[block]; s < first_stages[block + 1]; s++)
    {
        const int from = map_offsets[s];
        const int count = map_offsets[s + 1] - from;
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int f = 0; f < FEATURES; f++)
        {
            const long source = first + f < active ? (long)list[first + f] * inputs : -1;
            for (int n = item; n < count; n += ROWS)
            {
                stage[n * FEATURES + f] = source < 0 ? 0.0f : x[source + map[from + n]];
            }
        }

        barrier(CLK_LOCAL_MEM_FENCE);
        const int slice = s * SLICES + item / SLICE;
        const int end = slice_offsets[slice + 1];
        for (int k = slice_offsets[slice] + item % SLICE; k < end; k += SLICE)
        {
            const lanes weight = (lanes)(values[k]);
            local const float *staged = stage + (int)columns[k] * FEATURES;
            for (int r = 0; r < REGISTERS; r++)
            {
                sum[r] = fma(weight, LOAD(staged + r * WIDTH), sum[r]);
            }
        }
    }

    barrier(CLK_LOCAL_MEM_FENCE);
    for (int f = item; f < FEATURES; f += ROWS)
    {
        is_alive[f] = 0;
    }

    barrier(CLK_LOCAL_MEM_FENCE);
    for (int r = 0; r < REGISTERS; r++)
    {
        float own[WIDTH];
        STORE(sum[r], own);
        for (int lane = 0; lane < WIDTH; lane++)
        {
            const int f = r * WIDTH + lane;
            const float value = min(cap, max(0.0f, own[lane]));
            if (row < outputs && first + f < active)
            {
                y[(long)(first + f) * outputs + row] = value;
                if (value > 0)
                {
                    atomic_or(is_alive + f, 1);
                }
            }
        }
    }

    barrier(CLK_LOCAL_MEM_FENCE);
    for (int f = item; f < FEATURES && first + f < active; f += ROWS)
    {
        if (is_alive[f])
        {
            atomic_or(alive + first + f, 1);
        }
    }
}

// Bits of the inputs, lowest first, to floats. global size: (inputs, rows), in whole groups; list and ids count up.
kernel void expand_bits(
    const int inputs, const int rows, const int words, global const ulong *bits, global float *x, global int *list, global int *ids,
    const int first_id)
{
    const int neuron = (int)get_global_id(0);
    const int row = (int)get_global_id(1);
    if (neuron < inputs && row < rows)
    {
        x[(long)row * inputs + neuron] = (bits[(long)row * words + neuron / 64] >> (neuron % 64)) & 1;
        if (neuron == 0)
        {
            list[row] = row;
            ids[row] = first_id + row;
        }
    }
}

// The inputs that go on, in their order: list gets their places, next_ids who they are; what alive said is cleared. One group of ITEMS.
kernel void compact(
    global int *counts, const int layer, global int *alive, global int *list, global const int *ids, global int *next_ids,
    local int *before)
{
    const int item = (int)get_local_id(0);
    const int total = counts[layer];
    const int share = (total + ITEMS - 1) / ITEMS;
    const int start = min(total, item * share), end = min(total, start + share);
    int own = 0;
    for (int place = start; place < end; place++)
    {
        own += alive[place];
    }

    before[item] = own;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = 1; step < ITEMS; step *= 2)
    {
        const int added = item >= step ? before[item - step] : 0;
        barrier(CLK_LOCAL_MEM_FENCE);
        before[item] += added;
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    int at = before[item] - own;
    for (int place = start; place < end; place++)
    {
        if (alive[place])
        {
            list[at] = place;
            next_ids[at] = ids[place];
            at++;
            alive[place] = 0;
        }
    }

    if (item == ITEMS - 1)
    {
        counts[layer + 1] = before[item];
    }
}

// Rows of X side by side in Y, in the order of the list. global size: (width, rows), in whole groups.
kernel void gather_rows(const int width, const int rows, global const int *list, global const float *x, global float *y)
{
    const int neuron = (int)get_global_id(0);
    const int row = (int)get_global_id(1);
    if (neuron < width && row < rows)
    {
        y[(long)row * width + neuron] = x[(long)list[row] * width + neuron];
    }
}
