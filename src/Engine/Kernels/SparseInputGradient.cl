// SparseInputGradient.cs on a device: a gather over the transpose index, so that nothing is scattered and no atomics are needed.
//
//   global size  (batch / WIDTH, columns), rounded up to whole groups; batch is a multiple of WIDTH

// slopes null: 1 everywhere.
kernel void sparse_input_gradient(
    const int columns, const int batch, global const long *offsets, global const int *rows, global const int *positions,
    global const float *values, global const float *dy, global const float *slopes, global float *dx, const float anchor)
{
    const int sample = (int)get_global_id(0) * WIDTH;
    const int column = (int)get_global_id(1);
    if (column >= columns || sample >= batch)
    {
        return;
    }

    lanes sum = (lanes)(anchor);
    const long end = offsets[column + 1];
    for (long t = offsets[column]; t < end; t++)
    {
        sum = fma((lanes)(values[positions[t]]), LOAD(dy + ((long)rows[t] * batch) + sample), sum);
    }

    sum -= (lanes)(anchor);
    const long index = ((long)column * batch) + sample;
    STORE(slopes ? sum * LOAD(slopes + index) : sum, dx + index);
}
