// BiasUpdate.cs on a device: the sum of a row of dY, a row for each set of work-items, and what becomes of it.
//
//   local size   (LANES, sets)       global size  (LANES, rows), rounded up to whole groups

inline float row_sum(int row, int rows, int batch, global const float *dy, local float *scratch)
{
    lanes sum = (lanes)(0.0f);
    if (row < rows)
    {
        global const float *a = dy + ((long)row * batch);
        for (int sample = (int)get_local_id(0) * WIDTH; sample < batch; sample += LANES * WIDTH)
        {
            sum += LOAD(a + sample);
        }
    }

    return sum_of_set(sum_of(sum), scratch);
}

kernel void bias_gradient(
    const int rows, const int batch, global const float *dy, const float scale, global wide *partials, local float *scratch,
    local wide *of_sets, global float *db)
{
    const int row = (int)get_global_id(1);
    const float gradient = row_sum(row, rows, batch, dy, scratch) * scale;
    if (row < rows && get_local_id(0) == 0)
    {
        db[row] = gradient;
    }

    leave_partial(row < rows ? (wide)gradient * gradient : 0, of_sets, partials);
}

kernel void bias_update(
    const int rows, const int batch, global const float *dy, const float scale, global wide *partials, local float *scratch,
    local wide *of_sets, global float *biases, global float *state0, global float *state1, const optimizer rule)
{
    const int row = (int)get_global_id(1);
    const float gradient = row_sum(row, rows, batch, dy, scratch) * scale;
    if (row < rows && get_local_id(0) == 0)
    {
        apply(rule, gradient, row, biases, state0, state1);
    }

    leave_partial(row < rows ? (wide)gradient * gradient : 0, of_sets, partials);
}
