// DropoutRows.cs on a device. global size: (batch, rows), rounded up to whole groups.
kernel void dropout_rows(
    const int rows, const int batch, global const int *neurons, global float *y, global float *slopes, const dropout mask)
{
    const int sample = (int)get_global_id(0);
    const int row = (int)get_global_id(1);
    if (row < rows && sample < batch)
    {
        const float factor = dropout_factors(mask, ((long)neurons[row] * batch) + sample);
        y[((long)row * batch) + sample] *= factor;
        slopes[((long)row * batch) + sample] *= factor;
    }
}
