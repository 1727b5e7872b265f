using SparseService.Engine.Elementwise;
using SparseService.Engine.Training;

namespace SparseService.Engine.Kernels;

// What the last layer's linear output means, per sample:  softmax over the outputs, sigmoid, or itself.
//
//   logits  outputs × batchSize, overwritten
public abstract partial class Backend
{
    /// <summary>Turns logits into the loss's predictions, in place: softmax over the outputs, sigmoid, or unchanged for
    /// regression.</summary>
    /// <param name="logits">[outputs, batchSize], overwritten.</param>
    /// <exception cref="ArgumentException">The buffer is too short.</exception>
    public void Probabilities(LossKind kind, DeviceBuffer<float> logits, int outputs, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        RequireLength(logits.Length, outputs, batchSize, nameof(logits));
        if (kind != LossKind.SquaredError)
        {
            ProbabilitiesCore(kind, logits, logits, outputs, batchSize);
            KeepAlive(null, logits);
        }
    }

    /// <param name="probabilities">May be the logits' own buffer.</param>
    protected abstract void ProbabilitiesCore(
        LossKind kind, DeviceBuffer<float> logits, DeviceBuffer<float> probabilities, int outputs, int batchSize);
}

public sealed unsafe partial class ReferenceBackend
{
    protected override void ProbabilitiesCore(
        LossKind kind, DeviceBuffer<float> logits, DeviceBuffer<float> probabilities, int outputs, int batchSize)
    {
        for (var sample = 0; sample < batchSize; sample++)
        {
            var z = logits.Pointer + sample;
            var p = probabilities.Pointer + sample;
            if (kind == LossKind.BinaryCrossEntropy)
            {
                Sigmoid(z, p, outputs, batchSize);
            }
            else
            {
                Softmax(z, p, outputs, batchSize);
            }
        }
    }

    private static void Sigmoid(float* z, float* p, int outputs, int stride)
    {
        for (var output = 0L; output < outputs; output++)
        {
            p[output * stride] = (float)(1 / (1 + Math.Exp(-(double)z[output * stride])));
        }
    }

    private static void Softmax(float* z, float* p, int outputs, int stride)
    {
        var largest = double.NegativeInfinity;
        for (var output = 0L; output < outputs; output++)
        {
            largest = Math.Max(largest, z[output * stride]);
        }

        var sum = 0.0;
        for (var output = 0L; output < outputs; output++)
        {
            sum += Math.Exp(z[output * stride] - largest);
        }

        for (var output = 0L; output < outputs; output++)
        {
            p[output * stride] = (float)(Math.Exp(z[output * stride] - largest) / sum);
        }
    }
}

public sealed unsafe partial class SimdBackend
{
    protected override void ProbabilitiesCore(
        LossKind kind, DeviceBuffer<float> logits, DeviceBuffer<float> probabilities, int outputs, int batchSize)
    {
        var call = new ProbabilitiesCall
        {
            Kind = kind,
            Logits = logits.Pointer,
            Probabilities = probabilities.Pointer,
            Outputs = outputs,
            BatchSize = batchSize,
        };
        Dispatch(batchSize, ref call);
    }

    private struct ProbabilitiesCall : ILanesUser
    {
        public LossKind Kind;
        public float* Logits;
        public float* Probabilities;
        public int Outputs;
        public int BatchSize;

        public readonly void Use<TLanes>()
            where TLanes : unmanaged, ILanes<TLanes>
        {
            var sample = 0;
            for (; sample <= BatchSize - TLanes.Count; sample += TLanes.Count)
            {
                At<TLanes>(sample);
            }

            // No overlap here: the buffer may be its own input.
            for (; sample < BatchSize; sample++)
            {
                At<Lanes1>(sample);
            }
        }

        private readonly void At<T>(int sample)
            where T : unmanaged, ILanes<T>
        {
            if (Kind == LossKind.BinaryCrossEntropy)
            {
                SigmoidOf<T>(Logits + sample, Probabilities + sample);
            }
            else
            {
                SoftmaxOf<T>(Logits + sample, Probabilities + sample);
            }
        }

        private readonly void SigmoidOf<T>(float* z, float* p)
            where T : unmanaged, ILanes<T>
        {
            for (var at = 0L; at < (long)Outputs * BatchSize; at += BatchSize)
            {
                T.Store(LaneMath.Sigmoid(T.Load(z + at)), p + at);
            }
        }

        private readonly void SoftmaxOf<T>(float* z, float* p)
            where T : unmanaged, ILanes<T>
        {
            var end = (long)Outputs * BatchSize;
            var largest = T.Load(z);
            for (var at = (long)BatchSize; at < end; at += BatchSize)
            {
                var next = T.Load(z + at);
                largest = T.IfLess(largest, next, next, largest);
            }

            var sum = T.Broadcast(0);
            for (var at = 0L; at < end; at += BatchSize)
            {
                var power = LaneMath.Exp(T.Load(z + at) - largest);
                T.Store(power, p + at);
                sum += power;
            }

            var share = T.Broadcast(1) / sum;
            for (var at = 0L; at < end; at += BatchSize)
            {
                T.Store(T.Load(p + at) * share, p + at);
            }
        }
    }
}
