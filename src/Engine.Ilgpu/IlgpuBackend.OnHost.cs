using SparseService.Engine.Training;

namespace SparseService.Engine.Ilgpu;

public sealed unsafe partial class IlgpuBackend
{
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
