// Probabilities.cs on a device: a sample for each work-item, neighbours side by side in memory. global size: batch, in whole groups.

// p may be z.
inline void softmax(global const float *z, global float *p, int outputs, int stride)
{
    float largest = z[0];
    for (int output = 1; output < outputs; output++)
    {
        const float next = z[(long)output * stride];
        largest = largest < next ? next : largest;
    }

    float sum = 0;
    for (int output = 0; output < outputs; output++)
    {
        const float power = exp_of(z[(long)output * stride] - largest);
        p[(long)output * stride] = power;
        sum += power;
    }

    const float share = 1 / sum;
    for (int output = 0; output < outputs; output++)
    {
        p[(long)output * stride] *= share;
    }
}

kernel void softmax_probabilities(global const float *logits, global float *probabilities, const int outputs, const int batch)
{
    const int sample = (int)get_global_id(0);
    if (sample < batch)
    {
        softmax(logits + sample, probabilities + sample, outputs, batch);
    }
}

kernel void sigmoid_probabilities(global const float *logits, global float *probabilities, const int outputs, const int batch)
{
    const int sample = (int)get_global_id(0);
    if (sample < batch)
    {
        for (long at = sample; at < (long)outputs * batch; at += batch)
        {
            probabilities[at] = sigmoid_of(logits[at]);
        }
    }
}
