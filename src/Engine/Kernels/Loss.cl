// Loss.cs on a device: a sample for each work-item, neighbours side by side in memory. global size: batch, in whole groups.
//
//   losses   2 × batch: the loss of each sample, then 1 where its class was found
//
// dlogits may be the logits' own buffer.

inline wide negative_logarithm(wide probability)
{
    return -log(clamp(probability, (wide)1e-7, (wide)1 - (wide)1e-7));
}

inline void leave_sample(int sample, int batch, wide loss, int is_correct, global wide *losses)
{
    losses[sample] = loss;
    losses[batch + sample] = is_correct;
}

inline void clear_column(int sample, int outputs, int batch, global float *dlogits)
{
    for (long at = sample; at < (long)outputs * batch; at += batch)
    {
        dlogits[at] = 0;
    }
}

kernel void softmax_cross_entropy(
    global const float *logits, global const int *classes, global float *dlogits, const int outputs, const int batch, const int samples,
    global wide *losses)
{
    const int sample = (int)get_global_id(0);
    if (sample >= batch)
    {
        return;
    }

    if (sample >= samples)
    {
        clear_column(sample, outputs, batch, dlogits);
        leave_sample(sample, batch, 0, 0, losses);
        return;
    }

    int best = 0;
    float largest = logits[sample];
    float fault = largest - largest; // 0, or NaN for a logit that is not finite
    for (int output = 1; output < outputs; output++)
    {
        const float next = logits[((long)output * batch) + sample];
        fault += next - next;
        best = largest < next ? output : best;
        largest = largest < next ? next : largest;
    }

    softmax(logits + sample, dlogits + sample, outputs, batch);
    const int wanted = classes[sample];
    const long at = ((long)wanted * batch) + sample;
    const float p = dlogits[at];
    dlogits[at] = p - 1;
    leave_sample(sample, batch, negative_logarithm(p) + fault, best == wanted, losses);
}

kernel void binary_cross_entropy(
    global const float *logits, global const int *classes, global float *dlogits, const int outputs, const int batch, const int samples,
    global wide *losses)
{
    const int sample = (int)get_global_id(0);
    if (sample >= batch)
    {
        return;
    }

    if (sample >= samples)
    {
        clear_column(sample, outputs, batch, dlogits);
        leave_sample(sample, batch, 0, 0, losses);
        return;
    }

    const float z = logits[sample];
    const int wanted = classes[sample];
    const float p = sigmoid_of(z);
    dlogits[sample] = p - wanted;
    const wide certainty = wanted == 1 ? (wide)p : (wide)1 - p;
    leave_sample(sample, batch, negative_logarithm(certainty) + (z - z), (z > 0) == (wanted == 1), losses);
}

kernel void squared_error(
    global const float *logits, global const float *targets, global float *dlogits, const int outputs, const int batch,
    const int samples, global wide *losses)
{
    const int sample = (int)get_global_id(0);
    if (sample >= batch)
    {
        return;
    }

    wide loss = 0;
    for (long at = sample; at < (long)outputs * batch; at += batch)
    {
        const float difference = sample < samples ? logits[at] - targets[at] : 0;
        dlogits[at] = difference;
        loss += (wide)0.5 * difference * difference;
    }

    leave_sample(sample, batch, loss, 0, losses);
}

// result: loss and number of right answers, over all samples. One group.
kernel void sum_losses(const int batch, global const wide *losses, local wide *scratch, global wide *result)
{
    const wide loss = sum_in_order(batch, losses, scratch);
    const wide correct = sum_in_order(batch, losses + batch, scratch);
    if (get_local_id(0) == 0)
    {
        result[0] = loss;
        result[1] = correct;
    }
}
