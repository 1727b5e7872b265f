using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Gpu;

/// <summary>A backend on a device that leaves to the host's processor what only several workers ask for, and losses other than softmax
/// cross-entropy: <see cref="DeviceBuffer{T}"/> brings their operands home.</summary>
public abstract unsafe class HostedBackend : Backend
{
    private readonly SimdBackend host;

    private protected HostedBackend(int threads) => (host, Threads) = (new SimdBackend(threads), threads);

    public override bool IsDevice => true;

    public override void Dispose()
    {
        host.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    internal override void RunBlocks<TWork>(ref TWork work, int count) => host.RunBlocks(ref work, count);

    protected override void DropoutRowsCore(
        DeviceBuffer<int> neurons, DeviceBuffer<float> y, DeviceBuffer<float> slopes, int batchSize, in Dropout dropout) =>
        host.DropoutRows(neurons, y, slopes, batchSize, dropout);

    protected override void FoldRowsCore(
        DeviceBuffer<float> part, int first, ReadOnlySpan<int> rows, DeviceBuffer<float> dX, int batchSize) =>
        host.FoldRows(part, first, rows, dX, batchSize);

    private protected override void ParameterUpdateCore(
        float* parameters, float* gradients, float* state0, float* state1, long count, in OptimizerStep step, float scale) =>
        host.ParameterUpdate(parameters, gradients, state0, state1, count, step, scale);

    // Asked for in place only: losses of the host have the host's own.
    protected override void ProbabilitiesCore(
        LossKind kind, DeviceBuffer<float> logits, DeviceBuffer<float> probabilities, int outputs, int batchSize) =>
        host.Probabilities(kind, probabilities, outputs, batchSize);

    protected override LossResult BinaryCrossEntropyCore(
        DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int batchSize, int samples) =>
        host.Loss(LossKind.BinaryCrossEntropy, logits, classes, [], dLogits, 1, batchSize, batchSize - samples);

    protected override LossResult SquaredErrorCore(
        DeviceBuffer<float> logits, ReadOnlySpan<float> targets, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples) =>
        host.Loss(LossKind.SquaredError, logits, [], targets, dLogits, outputs, batchSize, batchSize - samples);
}
