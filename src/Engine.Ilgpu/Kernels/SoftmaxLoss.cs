namespace SparseService.Engine.Ilgpu.Kernels;

/// <summary>Softmax cross-entropy, see Loss.cs: dLogits = p − onehot(class), which may stand in the logits' place, and 0 for samples
/// that are only padding. [sample] threads.</summary>
/// <param name="found">2 × samples: the wanted class's probability (NaN if a logit is not finite), then 1 where it is the largest.</param>
internal readonly struct SoftmaxLoss(
    int outputs, int batch, int samples, ArrayView<float> logits, ArrayView<int> classes, ArrayView<float> dLogits,
    ArrayView<float> found) : IKernel
{
    public void Execute(long sample, int column)
    {
        var end = (long)outputs * batch;
        var (best, largest) = (sample, logits[sample]);
        var fault = largest - largest; // 0, or NaN for a logit that is not finite
        for (var at = sample + batch; at < end; at += batch)
        {
            var next = logits[at];
            fault += next - next;
            (best, largest) = next > largest ? (at, next) : (best, largest);
        }

        float sum = 0;
        for (var at = sample; at < end; at += batch)
        {
            dLogits[at] = LaneMath.Exp(new Lane(logits[at] - largest)).Value;
            sum += dLogits[at];
        }

        for (var at = sample; at < end; at += batch)
        {
            dLogits[at] = sample < samples ? dLogits[at] / sum : 0;
        }

        if (sample < samples)
        {
            var wanted = ((long)classes[sample] * batch) + sample;
            found[sample] = dLogits[wanted] + fault;
            found[samples + sample] = best == wanted ? 1 : 0;
            dLogits[wanted] -= 1;
        }
    }
}
