// SparseForward.cs on a device. A work-item holds WIDTH samples of one row in a register while the row's connections pass: the weight and
// the column are read once for all of them, and neighbouring work-items read neighbouring samples.
//
//   global size  (batch / WIDTH, rows), rounded up to whole groups; batch is a multiple of WIDTH
//
// The order of the sum is that of the connections, whatever the sizes: a sample's result does not depend on its minibatch.

// biases null: the sums so far stand in y. slopes null: not in training.
kernel void sparse_forward(
    const int rows, const int batch, global const long *offsets, global const int *columns, global const float *values,
    global const float *biases, global const float *x, global float *y, global float *slopes, const activation f, const dropout mask,
    const int drops, const float anchor)
{
    const int sample = (int)get_global_id(0) * WIDTH;
    const int row = (int)get_global_id(1);
    if (row >= rows || sample >= batch)
    {
        return;
    }

    const long index = ((long)row * batch) + sample;
    lanes sum = biases ? (lanes)(biases[row]) : LOAD(y + index);
    sum = (lanes)(anchor) + sum;
    const long end = offsets[row + 1];
    for (long k = offsets[row]; k < end; k++)
    {
        sum = fma((lanes)(values[k]), LOAD(x + ((long)columns[k] * batch) + sample), sum);
    }

    sum -= (lanes)(anchor);
    const lanes value = value_of(f, sum);
    if (!slopes)
    {
        STORE(value, y + index);
        return;
    }

    const lanes factors = drops ? dropout_factors(mask, index) : (lanes)(1.0f);
    STORE(value * factors, y + index);
    STORE(slope_of(f, sum, value) * factors, slopes + index);
}
