// TieFreeWeights.cs on a device. global size: count, rounded up to whole groups.
kernel void make_tie_free(const long count, global uint *weights)
{
    const long k = get_global_id(0);
    if (k < count)
    {
        weights[k] |= (weights[k] << 1) == 0 ? 0u : 1u;
    }
}
