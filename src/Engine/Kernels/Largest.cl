// The largest |x[k]| that each work-item has seen; the host takes the largest of these. Not-a-numbers are passed over.
kernel void largest(const long count, global const float *x, global float *seen)
{
    float most = 0;
    for (long at = get_global_id(0); at < count; at += get_global_size(0))
    {
        most = fmax(most, fabs(x[at]));
    }

    seen[get_global_id(0)] = most;
}
