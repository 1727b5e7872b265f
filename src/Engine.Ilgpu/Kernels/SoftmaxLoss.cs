namespace SparseService.Engine.Ilgpu.Kernels;

/// <summary>Softmax cross-entropy, see Loss.cs: dLogits = p − onehot(class), which may stand in the logits' place. [sample]
/// threads.</summary>
/// <param name="found">2 × batch: the wanted class's probability (NaN if a logit is not finite), then 1 where it is the largest.</param>
internal readonly struct SoftmaxLoss(
    int outputs, int batch, int samples, ArrayView<float> logits, ArrayView<int> classes, ArrayView<float> dLogits,
    ArrayView<float> found) : IKernel
{
    public void Execute()
    {
        var sample = Place.Row;
        if (sample >= samples)
        {
            Clear(sample);
            return;
        }

        var (best, largest) = (0, logits[sample]);
        var fault = largest - largest; // 0, or NaN for a logit that is not finite
        for (var output = 1; output < outputs; output++)
        {
            var next = logits[((long)output * batch) + sample];
            fault += next - next;
            (best, largest) = next > largest ? (output, next) : (best, largest);
        }

        Softmax(sample, largest);
        var wanted = ((long)classes[sample] * batch) + sample;
        found[sample] = dLogits[wanted] + fault;
        found[batch + sample] = best == classes[sample] ? 1 : 0;
        dLogits[wanted] -= 1;
    }

    private void Softmax(long sample, float largest)
    {
        float sum = 0;
        for (var at = sample; at < (long)outputs * batch; at += batch)
        {
            var power = LaneMath.Exp(new Lane(logits[at] - largest)).Value;
            dLogits[at] = power;
            sum += power;
        }

        var share = 1 / sum;
        for (var at = sample; at < (long)outputs * batch; at += batch)
        {
            dLogits[at] *= share;
        }
    }

    // A sample that is only padding.
    private void Clear(long sample)
    {
        for (var at = sample; sample < batch && at < (long)outputs * batch; at += batch)
        {
            dLogits[at] = 0;
        }
    }
}
