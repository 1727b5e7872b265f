using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Gpu;

public sealed unsafe partial class DeviceBackend
{
    // As in SparseWeightUpdate.cl.
    private const int Run = 8;

    private const int SumItems = 64;

    internal override void BeginSteps(IReadOnlyDictionary<object, int> slots, ReadOnlySpan<double> sums) => steps.Begin(slots, sums);

    internal override void EndSteps(Span<double> sums) => steps.End(sums);

    protected override double SparseWeightGradientCore(
        CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, DeviceBuffer<float> dW, int batchSize, int samples)
    {
        WeightSums("sparse_weight_gradient", w, x, dY, batchSize, samples).Memory(ToWrite(dW, w.Nnz))
            .Run(queue, WeightItems(w, batchSize), shapes.SumGroup(batchSize));
        return Norm(dW, Groups(WeightItems(w, batchSize).Y, batchSize));
    }

    protected override double SparseWeightUpdateCore(
        CsrMatrix w,
        DeviceBuffer<float> x,
        DeviceBuffer<float> dY,
        DeviceBuffer<float> state0,
        DeviceBuffer<float>? state1,
        int batchSize,
        int samples,
        in OptimizerStep step)
    {
        WeightSums("sparse_weight_update", w, x, dY, batchSize, samples)
            .Memory(ToWrite(w.Values)).Memory(ToWrite(state0)).Memory(ToWriteIfAny(state1)).Value(new DeviceOptimizer(step))
            .Run(queue, WeightItems(w, batchSize), shapes.SumGroup(batchSize));
        return Norm(w, Groups(WeightItems(w, batchSize).Y, batchSize));
    }

    protected override double BiasGradientCore(DeviceBuffer<float> dY, DeviceBuffer<float> db, int batchSize, int samples)
    {
        BiasSums("bias_gradient", (int)db.Length, dY, batchSize, samples).Memory(ToWrite(db, db.Length))
            .Run(queue, (shapes.Lanes(batchSize), db.Length), shapes.SumGroup(batchSize));
        return Norm(db, Groups(db.Length, batchSize));
    }

    protected override double BiasUpdateCore(
        float[] bias, DeviceBuffer<float> dY, float[] state0, float[]? state1, int batchSize, int samples, in OptimizerStep step)
    {
        BiasSums("bias_update", bias.Length, dY, batchSize, samples)
            .Memory(Arrays.ToRead(bias)).Memory(Arrays.ToRead(state0)).Memory(state1 is null ? null : Arrays.ToRead(state1))
            .Value(new DeviceOptimizer(step))
            .Run(queue, (shapes.Lanes(batchSize), bias.Length), shapes.SumGroup(batchSize));
        Arrays.Changed(bias, state0, state1);
        return Norm(bias, Groups(bias.Length, batchSize));
    }

    // Of parameters that stand on the host: only methods of several workers have such, and they do not run here.
    private protected override void ParameterUpdateCore(
        float* parameters, float* gradients, float* state0, float* state1, long count, in OptimizerStep step, float scale)
    {
        var hosts = new[] { (nint)parameters, (nint)gradients, (nint)state0, (nint)state1 };
        var memories = hosts.Select((_, index) => Scratch($"parameters {index}", count * sizeof(float))).ToArray();
        for (var index = 0; index < hosts.Length && count > 0; index++)
        {
            queue.Upload((float*)hosts[index], memories[index], hosts[index] == 0 ? 0 : count * sizeof(float));
        }

        KernelOf("ParameterUpdate", "parameter_update").Value(count)
            .Memory(memories[0]).Memory(memories[1]).Memory(memories[2]).Memory(memories[3]).Value(scale).Value(new DeviceOptimizer(step))
            .Run(queue, count, shapes.GroupItems);
        foreach (var index in (int[])[0, 2, 3])
        {
            queue.Download(memories[index], (float*)hosts[index], hosts[index] == 0 ? 0 : count * sizeof(float));
        }
    }

    private Kernel WeightSums(string name, CsrMatrix w, DeviceBuffer<float> x, DeviceBuffer<float> dY, int batchSize, int samples) =>
        KernelOf("SparseWeightUpdate", name, batchSize)
            .Value(w.Rows).Value(batchSize).Value(w.Nnz).Memory(ToRead(w.RowOffsets)).Memory(ToRead(w.ColumnIndices))
            .Memory(ToRead(x)).Memory(ToRead(dY)).Value(1f / samples)
            .Memory(Partials(WeightItems(w, batchSize).Y, batchSize)).Local(ScratchBytes).Local(SetBytes(batchSize));

    private Kernel BiasSums(string name, int rows, DeviceBuffer<float> dY, int batchSize, int samples) =>
        KernelOf("BiasUpdate", name, batchSize)
            .Value(rows).Value(batchSize).Memory(ToRead(dY)).Value(1f / samples)
            .Memory(Partials(rows, batchSize)).Local(ScratchBytes).Local(SetBytes(batchSize));

    private (long X, long Y) WeightItems(CsrMatrix w, int batchSize) => (shapes.Lanes(batchSize), (w.Nnz + Run - 1) / Run);

    private int ScratchBytes => shapes.GroupItems * sizeof(float);

    private int SetBytes(int batchSize) => shapes.SumGroup(batchSize).Y * WideBytes;

    private long Groups(long sets, int batchSize) => (sets + shapes.SumGroup(batchSize).Y - 1) / shapes.SumGroup(batchSize).Y;

    private DeviceMemory Partials(long sets, int batchSize) => Scratch("partials", Groups(sets, batchSize) * WideBytes);

    /// <summary>Adds up what the groups have left: where it computes while steps are under way, else for the caller.</summary>
    private double Norm(object parameters, long groups) => steps.Norm(
        parameters,
        (into, slot) => KernelOf("SumInOrder", "add_sum").Value(groups).Memory(Scratch("partials", groups * WideBytes))
            .Local(SumItems * WideBytes).Memory(into).Value(slot).Run(queue, SumItems, SumItems));
}
