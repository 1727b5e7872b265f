using SparseService.Engine.Elementwise;
using SparseService.Engine.Training;

namespace SparseService.Engine.Kernels;

// Loss of one minibatch and its gradient by the logits z = the last layer's linear output:
//
//   softmax cross-entropy   −log p_class            dLogits = p − onehot(class)
//   binary cross-entropy    −log p or −log(1 − p)   dLogits = p − class, one output
//   squared error           ½·Σ(z − t)²             dLogits = z − t
//
//   logits, targets, dLogits  outputs × batchSize        classes  batchSize
//
// Probabilities are limited to [1e-7, 1 − 1e-7] before the logarithm, as in the authors' code; the gradient is not. dLogits is
// not divided by
// the batch size: the weight and bias gradients are.
public abstract partial class Backend
{
    private protected const double SmallestProbability = 1e-7;

    /// <summary>Computes loss and gradient of one minibatch.</summary>
    /// <param name="logits">[outputs, batchSize].</param>
    /// <param name="classes">[batchSize − padding], 0 to outputs − 1, for binary cross-entropy 0 or 1; not read for squared error.</param>
    /// <param name="targets">[outputs, batchSize], feature-major like the logits; read for squared error only.</param>
    /// <param name="dLogits">[outputs, batchSize], overwritten; may be the logits' own buffer.</param>
    /// <param name="padding">How many samples at the end of the minibatch are none: they have no loss, and gradient 0.</param>
    /// <returns>The loss, summed over the samples, is not finite if any logit is not. A tie between classes goes to the
    /// lowest.</returns>
    /// <exception cref="ArgumentException">A buffer or span is too short, a class out of range, or binary cross-entropy has
    /// more than one output.</exception>
    public LossResult Loss(
        LossKind kind,
        DeviceBuffer<float> logits,
        ReadOnlySpan<int> classes,
        ReadOnlySpan<float> targets,
        DeviceBuffer<float> dLogits,
        int outputs,
        int batchSize,
        int padding = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        RequirePadding(padding, batchSize);
        var samples = batchSize - padding;
        RequireLength(logits.Length, outputs, batchSize, nameof(logits));
        RequireLength(dLogits.Length, outputs, batchSize, nameof(dLogits));
        if (kind == LossKind.SquaredError)
        {
            RequireLength(targets.Length, outputs, batchSize, nameof(targets));
        }
        else
        {
            RequireLength(classes.Length, 1, samples, nameof(classes));
            RequireClasses(classes[..samples], kind, outputs);
        }

        var result = kind switch
        {
            LossKind.SquaredError => SquaredErrorCore(logits, targets, dLogits, outputs, batchSize, samples),
            LossKind.BinaryCrossEntropy => BinaryCrossEntropyCore(logits, classes, dLogits, batchSize, samples),
            _ => SoftmaxCrossEntropyCore(logits, classes, dLogits, outputs, batchSize, samples),
        };
        KeepAlive(null, logits, dLogits);
        return result;
    }

    protected abstract LossResult SoftmaxCrossEntropyCore(
        DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples);

    protected abstract LossResult BinaryCrossEntropyCore(
        DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int batchSize, int samples);

    protected abstract LossResult SquaredErrorCore(
        DeviceBuffer<float> logits, ReadOnlySpan<float> targets, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples);

    private protected static double NegativeLogarithm(double probability) =>
        -Math.Log(Math.Clamp(probability, SmallestProbability, 1 - SmallestProbability));

    private protected static unsafe void ClearPadding(DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples)
    {
        for (var output = 0L; output < outputs && samples < batchSize; output++)
        {
            new Span<float>(dLogits.Pointer + (output * batchSize) + samples, batchSize - samples).Clear();
        }
    }

    private static void RequireClasses(ReadOnlySpan<int> classes, LossKind kind, int outputs)
    {
        if (kind == LossKind.BinaryCrossEntropy && outputs != 1)
        {
            throw new ArgumentException($"outputs is {outputs}; allowed for {kind}: 1", nameof(outputs));
        }

        var count = kind == LossKind.BinaryCrossEntropy ? 2 : outputs;
        for (var sample = 0; sample < classes.Length; sample++)
        {
            if ((uint)classes[sample] >= (uint)count)
            {
                throw new ArgumentException($"classes[{sample}] is {classes[sample]}; allowed: 0 to {count - 1}", nameof(classes));
            }
        }
    }
}

public sealed unsafe partial class ReferenceBackend
{
    protected override LossResult SoftmaxCrossEntropyCore(
        DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples)
    {
        var (loss, correct) = (0.0, 0);
        for (var sample = 0; sample < samples; sample++)
        {
            var z = logits.Pointer + sample;
            var d = dLogits.Pointer + sample;
            var (best, wanted) = (0L, (long)classes[sample]);
            for (var output = 0L; output < outputs; output++)
            {
                best = z[output * batchSize] > z[best * batchSize] ? output : best;
                loss += FaultOf(z[output * batchSize]);
            }

            Softmax(z, d, outputs, batchSize);
            correct += best == wanted ? 1 : 0;
            loss += NegativeLogarithm(d[wanted * batchSize]);
            d[wanted * batchSize] -= 1;
        }

        ClearPadding(dLogits, outputs, batchSize, samples);
        return new LossResult(loss, correct);
    }

    protected override LossResult BinaryCrossEntropyCore(
        DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int batchSize, int samples)
    {
        var (loss, correct) = (0.0, 0);
        for (var sample = 0; sample < samples; sample++)
        {
            var z = logits.Pointer[sample];
            var p = 1 / (1 + Math.Exp(-(double)z));
            correct += (z > 0 ? 1 : 0) == classes[sample] ? 1 : 0;
            loss += FaultOf(z) + NegativeLogarithm(classes[sample] == 1 ? p : 1 - p);
            dLogits.Pointer[sample] = (float)(p - classes[sample]);
        }

        ClearPadding(dLogits, 1, batchSize, samples);
        return new LossResult(loss, correct);
    }

    protected override LossResult SquaredErrorCore(
        DeviceBuffer<float> logits, ReadOnlySpan<float> targets, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples)
    {
        var loss = 0.0;
        for (var index = 0; index < outputs * batchSize; index++)
        {
            var difference = index % batchSize < samples ? logits.Pointer[index] - targets[index] : 0;
            loss += 0.5 * difference * difference;
            dLogits.Pointer[index] = difference;
        }

        return new LossResult(loss, 0);
    }

    // 0, or NaN for a logit that is not finite: limiting the probability must not hide a divergence.
    private static double FaultOf(double logit) => logit - logit;
}

public sealed unsafe partial class SimdBackend
{
    protected override LossResult SoftmaxCrossEntropyCore(
        DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples)
    {
        // Before the probabilities, which may overwrite the logits.
        var call = new RankCall { Logits = logits.Pointer, Outputs = outputs, BatchSize = batchSize, Samples = samples };
        fixed (int* wanted = classes)
        {
            call.Classes = wanted;
            Dispatch(batchSize, ref call);
        }

        ProbabilitiesCore(LossKind.SoftmaxCrossEntropy, logits, dLogits, outputs, batchSize);
        var loss = call.Fault;
        for (var sample = 0; sample < samples; sample++)
        {
            var p = dLogits.Pointer + ((long)classes[sample] * batchSize) + sample;
            loss += NegativeLogarithm(*p);
            *p -= 1;
        }

        ClearPadding(dLogits, outputs, batchSize, samples);
        return new LossResult(loss, call.Correct);
    }

    protected override LossResult BinaryCrossEntropyCore(
        DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int batchSize, int samples)
    {
        var (loss, correct) = (0.0, 0);
        for (var sample = 0; sample < samples; sample++)
        {
            var z = logits.Pointer[sample];
            correct += (z > 0 ? 1 : 0) == classes[sample] ? 1 : 0;
            loss += z - z;
        }

        ProbabilitiesCore(LossKind.BinaryCrossEntropy, logits, dLogits, 1, batchSize);
        for (var sample = 0; sample < samples; sample++)
        {
            double p = dLogits.Pointer[sample];
            loss += NegativeLogarithm(classes[sample] == 1 ? p : 1 - p);
            dLogits.Pointer[sample] -= classes[sample];
        }

        ClearPadding(dLogits, 1, batchSize, samples);
        return new LossResult(loss, correct);
    }

    protected override LossResult SquaredErrorCore(
        DeviceBuffer<float> logits, ReadOnlySpan<float> targets, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples)
    {
        var call = new SquaredErrorCall
        {
            Logits = logits.Pointer,
            DLogits = dLogits.Pointer,
            Outputs = outputs,
            BatchSize = batchSize,
            Samples = samples,
        };
        fixed (float* wanted = targets)
        {
            call.Targets = wanted;
            Dispatch(samples, ref call);
        }

        ClearPadding(dLogits, outputs, batchSize, samples);
        return new LossResult(call.Loss, 0);
    }

    /// <summary>Which samples have their largest logit at their class, and whether all logits are finite.</summary>
    private struct RankCall : ILanesUser
    {
        public float* Logits;
        public int* Classes;
        public int Outputs;
        public int BatchSize;
        public int Samples;
        public int Correct;
        public double Fault;

        public void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>
        {
            var sample = 0;
            for (; sample <= Samples - TLanes.Count; sample += TLanes.Count)
            {
                Rank<TLanes>(sample);
            }

            for (; sample < Samples; sample++)
            {
                Rank<Lanes1>(sample);
            }
        }

        private void Rank<T>(int sample)
            where T : unmanaged, ILanes<T>
        {
            var largest = T.Load(Logits + sample);
            var fault = largest - largest;
            var best = T.BroadcastBits(0);
            for (var output = 1; output < Outputs; output++)
            {
                var next = T.Load(Logits + ((long)output * BatchSize) + sample);
                fault += next - next;
                best = T.IfLess(largest, next, T.BroadcastBits((uint)output), best);
                largest = T.IfLess(largest, next, next, largest);
            }

            Fault += T.Sum(fault);
            var ranked = stackalloc float[T.Count];
            T.Store(best, ranked);
            for (var lane = 0; lane < T.Count; lane++)
            {
                Correct += ((int*)ranked)[lane] == Classes[sample + lane] ? 1 : 0;
            }
        }
    }

    private struct SquaredErrorCall : ILanesUser
    {
        public float* Logits;
        public float* Targets;
        public float* DLogits;
        public int Outputs;
        public int BatchSize;
        public int Samples;
        public double Loss;

        public void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>
        {
            for (var output = 0L; output < Outputs; output++)
            {
                AddRow<TLanes>(output * BatchSize, (output * BatchSize) + Samples);
            }
        }

        private void AddRow<T>(long done, long end)
            where T : unmanaged, ILanes<T>
        {
            var squares = T.Broadcast(0);
            for (; done <= end - T.Count; done += T.Count)
            {
                var difference = T.Load(Logits + done) - T.Load(Targets + done);
                T.Store(difference, DLogits + done);
                squares = T.MultiplyAdd(difference, difference, squares);
            }

            Loss += 0.5 * T.Sum(squares);
            for (; done < end; done++)
            {
                var difference = Logits[done] - Targets[done];
                DLogits[done] = difference;
                Loss += 0.5 * difference * difference;
            }
        }
    }
}
