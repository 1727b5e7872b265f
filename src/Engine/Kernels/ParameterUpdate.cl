// ParameterUpdate.cs on a device. global size: count, rounded up to whole groups.
kernel void parameter_update(
    const long count, global float *parameters, global const float *gradients, global float *state0, global float *state1,
    const float scale, const optimizer rule)
{
    const long k = get_global_id(0);
    if (k < count)
    {
        apply(rule, gradients[k] * scale, k, parameters, state0, state1);
    }
}
