using SparseService.Engine.Elementwise;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;

namespace SparseService.Engine.Kernels;

public sealed partial class SimdBackend
{
    private readonly ReferenceBackend draft = new();
    private readonly int threads = threads;
    protected override void SparseForwardCore(CsrMatrix w, float[] bias, DeviceBuffer<float> x, DeviceBuffer<float> y, int batchSize, in Activation activation) => draft.SparseForward(w, bias, x, y, batchSize, activation);
    protected override void SparseForwardCore(CsrMatrix w, float[] bias, DeviceBuffer<float> x, DeviceBuffer<float> y, DeviceBuffer<float> slopes, int batchSize, in Activation activation, in Dropout dropout) => draft.SparseForward(w, bias, x, y, slopes, batchSize, activation, dropout);
    protected override void SparseInputGradientCore(CsrMatrix w, TransposeIndex wT, DeviceBuffer<float> dY, DeviceBuffer<float> slopes, DeviceBuffer<float> dX, int batchSize) => draft.SparseInputGradient(w, wT, dY, slopes, dX, batchSize);
    protected override double SparseWeightGradientCore(CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, float[] dW, int batchSize) => draft.SparseWeightGradient(w, x, dY, dW, batchSize);
    protected override double SparseWeightUpdateCore(CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, in OptimizerStep step) => draft.SparseWeightUpdate(w, x, dY, state0, state1, batchSize, step);
    protected override double BiasUpdateCore(float[] bias, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, in OptimizerStep step) => draft.BiasUpdate(bias, dY, state0, state1, batchSize, step);
    protected override void ProbabilitiesCore(LossKind kind, DeviceBuffer<float> logits, DeviceBuffer<float> probabilities, int outputs, int batchSize) => draft.Probabilities(kind, logits, outputs, batchSize);
    protected override LossResult SoftmaxCrossEntropyCore(DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int outputs, int batchSize) => draft.Loss(LossKind.SoftmaxCrossEntropy, logits, classes, default, dLogits, outputs, batchSize);
    protected override LossResult BinaryCrossEntropyCore(DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int batchSize) => draft.Loss(LossKind.BinaryCrossEntropy, logits, classes, default, dLogits, 1, batchSize);
    protected override LossResult SquaredErrorCore(DeviceBuffer<float> logits, ReadOnlySpan<float> targets, DeviceBuffer<float> dLogits, int outputs, int batchSize) => draft.Loss(LossKind.SquaredError, logits, default, targets, dLogits, outputs, batchSize);
}
