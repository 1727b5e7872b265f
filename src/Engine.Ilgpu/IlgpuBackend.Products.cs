namespace SparseService.Engine.Ilgpu;

public sealed unsafe partial class IlgpuBackend
{
    protected override void SparseForwardCore(
        CsrMatrix w, float[] bias, DeviceBuffer<float> x, DeviceBuffer<float> y, int batchSize, in Activation activation) =>
        Forward(w, bias, x, y, null, batchSize, activation, Dropout.None);

    protected override void SparseForwardCore(
        CsrMatrix w, float[] bias, DeviceBuffer<float> x, DeviceBuffer<float> y, DeviceBuffer<float> slopes, int batchSize,
        in Activation activation, in Dropout dropout) => Forward(w, bias, x, y, slopes, batchSize, activation, dropout);

    protected override void SparseForwardOntoCore(
        CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> y, DeviceBuffer<float>? slopes, int batchSize, in Activation activation) =>
        Forward(w, null, x, y, slopes, batchSize, activation, Dropout.None);

    protected override void SparseInputGradientCore(
        CsrMatrix w, TransposeIndex wT, DeviceBuffer<float> dY, DeviceBuffer<float>? slopes, DeviceBuffer<float> dX, int batchSize)
    {
        device.Launch(
            new SparseInputGradient(
                w.Columns, batchSize, ToRead(wT.ColumnOffsets), ToRead(wT.RowIndices), ToRead(wT.Positions), ToRead(w.Values), ToRead(dY),
                slopes is null ? default : ToRead(slopes), ToWrite(dX, (long)w.Columns * batchSize), Grid.Backward),
            w.Columns, batchSize, Lanes(batchSize));
        GC.KeepAlive(wT);
    }

    // The logarithm is the host's: on CUDA it would need the toolkit's library.
    protected override LossResult SoftmaxCrossEntropyCore(
        DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples)
    {
        var wanted = scratch.Uploaded("classes", classes[..samples]).First<int>(samples);
        var found = scratch.Of("found", 2L * batchSize * sizeof(float));
        device.Launch(
            new SoftmaxLoss(
                outputs, batchSize, samples, ToRead(logits), wanted, ToWrite(dLogits, (long)outputs * batchSize),
                found.First<float>(2L * batchSize)),
            batchSize);
        var sums = scratch.Downloaded<float>(found, 2 * batchSize);
        return new LossResult(sums.Take(samples).Sum(p => NegativeLogarithm(p)), (int)sums.Skip(batchSize).Take(samples).Sum());
    }

    private void Forward(
        CsrMatrix w, float[]? bias, DeviceBuffer<float> x, DeviceBuffer<float> y, DeviceBuffer<float>? slopes, int batchSize,
        in Activation activation, in Dropout dropout)
    {
        var call = new ForwardCall(this, w, bias, x, y, slopes, batchSize, dropout);
        activation.Dispatch(ref call);
    }

    /// <summary>Launches the forward pass as it is compiled for one activation.</summary>
    private readonly struct ForwardCall(
        IlgpuBackend backend, CsrMatrix w, float[]? bias, DeviceBuffer<float> x, DeviceBuffer<float> y, DeviceBuffer<float>? slopes,
        int batchSize, Dropout dropout) : IActivationUser
    {
        public void Use<TActivation>(TActivation activation)
            where TActivation : unmanaged, IActivation
        {
            var written = (long)w.Rows * batchSize;
            backend.device.Launch(
                new SparseForward<TActivation>(
                    w.Rows, batchSize, backend.ToRead(w.RowOffsets), backend.ToRead(w.ColumnIndices), backend.ToRead(w.Values),
                    backend.ToRead(bias), backend.ToRead(x), backend.ToWrite(y, bias is null ? 0 : written),
                    slopes is null ? default : backend.ToWrite(slopes, written), backend.Grid.Forward, activation,
                    new DropoutMask(dropout)),
                w.Rows, batchSize, backend.Lanes(batchSize));
        }
    }
}
