using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Gpu;

public sealed unsafe partial class DeviceBackend
{
    private protected override void MakeTieFreeCore(DeviceBuffer<float> weights) => KernelOf("TieFreeWeights", "make_tie_free")
        .Value(weights.Length).Memory(ToWrite(weights)).Run(queue, weights.Length, shapes.GroupItems);

    protected override void SparseForwardCore(
        CsrMatrix w,
        float[]? bias,
        DeviceBuffer<float> x,
        DeviceBuffer<float> y,
        DeviceBuffer<float>? slopes,
        int batchSize,
        in Activation activation,
        in Dropout dropout)
    {
        var written = (long)w.Rows * batchSize;
        var kernel = KernelOf("SparseForward", "sparse_forward", batchSize)
            .Value(w.Rows).Value(batchSize)
            .Memory(ToRead(w.RowOffsets)).Memory(ToRead(w.ColumnIndices)).Memory(ToRead(w.Values))
            .Memory(bias is null ? null : Arrays.ToRead(bias)).Memory(ToRead(x))
            .Memory(ToWrite(y, bias is null ? 0 : written)).Memory(ToWriteIfAny(slopes, written))
            .Value(new DeviceActivation(activation)).Value(new DeviceDropout(dropout)).Value(dropout.Rate > 0 ? 1 : 0).Value(Grid.Forward);
        kernel.Run(queue, (batchSize / shapes.Width(batchSize), w.Rows), shapes.ProductGroup(batchSize));
    }

    protected override void SparseInputGradientCore(
        CsrMatrix w, TransposeIndex wT, DeviceBuffer<float> dY, DeviceBuffer<float>? slopes, DeviceBuffer<float> dX, int batchSize)
    {
        var kernel = KernelOf("SparseInputGradient", "sparse_input_gradient", batchSize)
            .Value(w.Columns).Value(batchSize)
            .Memory(ToRead(wT.ColumnOffsets)).Memory(ToRead(wT.RowIndices)).Memory(ToRead(wT.Positions)).Memory(ToRead(w.Values))
            .Memory(ToRead(dY)).Memory(ToReadIfAny(slopes)).Memory(ToWrite(dX, (long)w.Columns * batchSize)).Value(Grid.Backward);
        kernel.Run(queue, (batchSize / shapes.Width(batchSize), w.Columns), shapes.ProductGroup(batchSize));
        GC.KeepAlive(wT);
    }

    protected override void DropoutRowsCore(
        DeviceBuffer<int> neurons, DeviceBuffer<float> y, DeviceBuffer<float> slopes, int batchSize, in Dropout dropout) =>
        KernelOf("DropoutRows", "dropout_rows").Value((int)neurons.Length).Value(batchSize)
            .Memory(ToRead(neurons)).Memory(ToWrite(y)).Memory(ToWrite(slopes)).Value(new DeviceDropout(dropout))
            .Run(queue, (batchSize, neurons.Length), shapes.ProductGroup(batchSize));

    protected override void FoldRowsCore(DeviceBuffer<float> part, int first, ReadOnlySpan<int> rows, DeviceBuffer<float> dX, int batchSize) =>
        KernelOf("FoldRows", "fold_rows").Value(rows.Length).Value(batchSize).Value(first)
            .Memory(Uploaded("rows", rows)).Memory(ToRead(part)).Memory(ToWrite(dX))
            .Run(queue, (batchSize, rows.Length), shapes.ProductGroup(batchSize));
}
