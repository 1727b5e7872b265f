// Which neurons had an output other than 0 for any sample (NaN counts). global size: neurons, rounded up to whole groups.
kernel void mark_active(const int neurons, const int samples, const int batch, global const float *y, global uchar *active)
{
    const int neuron = (int)get_global_id(0);
    if (neuron < neurons)
    {
        uchar is_active = 0;
        for (int sample = 0; sample < samples && !is_active; sample++)
        {
            is_active = y[((long)neuron * batch) + sample] != 0;
        }

        active[neuron] = is_active;
    }
}
