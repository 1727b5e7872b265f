// FoldRows.cs on a device. The rows are different ones, so that no two work-items share a number. global size: (batch, count), in whole groups.
kernel void fold_rows(
    const int count, const int batch, const int first, global const int *rows, global const float *part, global float *dx)
{
    const int sample = (int)get_global_id(0);
    const int r = (int)get_global_id(1);
    if (r < count && sample < batch)
    {
        dx[((long)rows[r] * batch) + sample] += part[(((long)first + r) * batch) + sample];
    }
}
