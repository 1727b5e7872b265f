// SparseWeightGradient.cs and SparseWeightUpdate.cs on a device: a dot product for each stored connection, and what becomes of it.
//
//   local size   (LANES, sets)       global size  (LANES, sets for all connections), whole groups
//
// A set takes RUN connections that stand side by side, most of them of one row, whose gradients stay in the first-level cache.

#ifndef RUN
#define RUN 8
#endif

inline int row_of(long k, int rows, global const long *offsets)
{
    int low = 0, high = rows; // offsets[low] <= k < offsets[high]
    while (high - low > 1)
    {
        const int middle = low + ((high - low) / 2);
        if (offsets[middle] <= k)
        {
            low = middle;
        }
        else
        {
            high = middle;
        }
    }

    return low;
}

inline float product_of(int row, int column, int batch, global const float *x, global const float *dy)
{
    global const float *a = x + ((long)column * batch);
    global const float *b = dy + ((long)row * batch);
    lanes sum = (lanes)(0.0f);
    for (int sample = (int)get_local_id(0) * WIDTH; sample < batch; sample += LANES * WIDTH)
    {
        sum = fma(LOAD(a + sample), LOAD(b + sample), sum);
    }

    return sum_of(sum);
}

#define FOR_EACH_CONNECTION_OF_SET(body)                                                                                          \
    const long first = (long)get_global_id(1) * RUN;                                                                              \
    int row = first < count ? row_of(first, rows, offsets) : 0;                                                                   \
    wide squares = 0;                                                                                                             \
    for (int r = 0; r < RUN; r++)                                                                                                 \
    {                                                                                                                             \
        const long k = first + r;                                                                                                 \
        float own = 0;                                                                                                            \
        if (k < count)                                                                                                            \
        {                                                                                                                         \
            while (offsets[row + 1] <= k)                                                                                         \
            {                                                                                                                     \
                row++;                                                                                                            \
            }                                                                                                                     \
                                                                                                                                  \
            own = product_of(row, columns[k], batch, x, dy);                                                                      \
        }                                                                                                                         \
                                                                                                                                  \
        const float gradient = sum_of_set(own, scratch) * scale;                                                                  \
        if (k < count && get_local_id(0) == 0)                                                                                    \
        {                                                                                                                         \
            squares += (wide)gradient * gradient;                                                                                 \
            body;                                                                                                                 \
        }                                                                                                                         \
    }                                                                                                                             \
                                                                                                                                  \
    leave_partial(squares, of_sets, partials)

kernel void sparse_weight_gradient(
    const int rows, const int batch, const long count, global const long *offsets, global const int *columns, global const float *x,
    global const float *dy, const float scale, global wide *partials, local float *scratch, local wide *of_sets, global float *dw)
{
    FOR_EACH_CONNECTION_OF_SET(dw[k] = gradient);
}

kernel void sparse_weight_update(
    const int rows, const int batch, const long count, global const long *offsets, global const int *columns, global const float *x,
    global const float *dy, const float scale, global wide *partials, local float *scratch, local wide *of_sets, global float *values,
    global float *state0, global float *state1, const optimizer rule)
{
    FOR_EACH_CONNECTION_OF_SET(apply(rule, gradient, k, values, state0, state1));
}
