// NeuronStrength.cs on a device: Σ |w| of each neuron, in the order of its connections. Needs float64: the bits are the host's.

#pragma OPENCL FP_CONTRACT OFF
#pragma OPENCL EXTENSION cl_khr_fp64 : enable

// positions: where a neuron's connections stand; null: side by side. global size: neurons, in whole groups.
kernel void neuron_strength(
    const int neurons, global const long *offsets, global const int *positions, global const float *values, global float *strength)
{
    const int neuron = (int)get_global_id(0);
    if (neuron < neurons)
    {
        double sum = 0;
        for (long k = offsets[neuron]; k < offsets[neuron + 1]; k++)
        {
            sum += fabs(values[positions ? positions[k] : k]);
        }

        strength[neuron] = (float)sum;
    }
}
