using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Gpu;

public sealed unsafe partial class DeviceBackend
{
    private const int TileItems = 16;
    private const int LargestGroups = 16;

    private DeviceStore? store;

    private protected override void GatherCore(
        SampleStore data, ReadOnlySpan<int> rows, ReadOnlySpan<float> shift, ReadOnlySpan<float> scale, DeviceBuffer<float> x, int batchSize)
    {
        RequireRows(data, rows);
        var element = data.Element == SampleElement.Byte ? "uchar" : "float";
        var isResident = data.Rows * data.RowBytes <= MostStoreBytes;
        var raw = isResident ? Resident(data) : Sent(data, rows);
        var places = isResident ? rows : Enumerable.Range(0, rows.Length).ToArray();
        KernelOf("MinibatchGather", "gather", $"-DELEMENT={element}")
            .Value(data.Features).Value(batchSize).Value(rows.Length).Memory(raw).Memory(Uploaded("rows", places))
            .Memory(Uploaded("shift", shift)).Memory(Uploaded("scale", scale)).Memory(ToWrite(x, (long)data.Features * batchSize))
            .Run(queue, (batchSize, data.Features), (TileItems, TileItems));
    }

    private protected override void MarkActiveCore(bool[] everActive, DeviceBuffer<float> y, int samples, int batchSize)
    {
        var marks = Scratch("marks", everActive.Length);
        KernelOf("ActiveNeurons", "mark_active").Value(everActive.Length).Value(samples).Value(batchSize).Memory(ToRead(y)).Memory(marks)
            .Run(queue, everActive.Length, shapes.GroupItems);
        var active = new byte[everActive.Length];
        queue.Download<DeviceMemory, byte>(marks, active);

        for (var neuron = 0; neuron < active.Length; neuron++)
        {
            everActive[neuron] |= active[neuron] != 0;
        }
    }

    private protected override float LargestCore(DeviceBuffer<float> values, long count)
    {
        if (count == 0)
        {
            return 0;
        }

        var items = LargestGroups * shapes.GroupItems;
        var seen = stackalloc float[items];
        var memory = Scratch("largest", items * sizeof(float));
        KernelOf("Largest", "largest").Value(count).Memory(ToRead(values)).Memory(memory).Run(queue, items, shapes.GroupItems);
        queue.Download(memory, seen, items * sizeof(float));
        return LargestOf(new ReadOnlySpan<float>(seen, items));
    }

    protected override void ProbabilitiesCore(
        LossKind kind, DeviceBuffer<float> logits, DeviceBuffer<float> probabilities, int outputs, int batchSize) =>
        KernelOf("Probabilities", kind == LossKind.BinaryCrossEntropy ? "sigmoid_probabilities" : "softmax_probabilities")
            .Memory(ToRead(logits)).Memory(ToWrite(probabilities, (long)outputs * batchSize)).Value(outputs).Value(batchSize)
            .Run(queue, batchSize, shapes.GroupItems);

    protected override LossResult SoftmaxCrossEntropyCore(
        DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples) =>
        LossOf("softmax_cross_entropy", logits, Uploaded("classes", classes[..samples]), dLogits, outputs, batchSize, samples);

    protected override LossResult BinaryCrossEntropyCore(
        DeviceBuffer<float> logits, ReadOnlySpan<int> classes, DeviceBuffer<float> dLogits, int batchSize, int samples) =>
        LossOf("binary_cross_entropy", logits, Uploaded("classes", classes[..samples]), dLogits, 1, batchSize, samples);

    protected override LossResult SquaredErrorCore(
        DeviceBuffer<float> logits, ReadOnlySpan<float> targets, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples) =>
        LossOf("squared_error", logits, Uploaded("targets", targets[..(outputs * batchSize)]), dLogits, outputs, batchSize, samples);

    private LossResult LossOf(
        string name, DeviceBuffer<float> logits, DeviceMemory wanted, DeviceBuffer<float> dLogits, int outputs, int batchSize, int samples)
    {
        // Logits first: in place, they must be there before the gradient counts as newer.
        var (z, losses, result) = (ToRead(logits), Scratch("losses", 2L * batchSize * WideBytes), Scratch("result", 2L * WideBytes));
        KernelOf("Loss", name).Memory(z).Memory(wanted).Memory(ToWrite(dLogits, (long)outputs * batchSize))
            .Value(outputs).Value(batchSize).Value(samples).Memory(losses).Run(queue, batchSize, shapes.GroupItems);
        KernelOf("Loss", "sum_losses").Value(batchSize).Memory(losses).Local(SumItems * WideBytes).Memory(result).Run(queue, SumItems, SumItems);
        Span<double> sums = [0, 0];
        queue.DownloadWide(result, sums);
        return new LossResult(sums[0], (int)sums[1]);
    }

    private DeviceMemory Resident(SampleStore data)
    {
        if (store is null || !ReferenceEquals(store.Data, data))
        {
            store?.Dispose();
            store = new DeviceStore(data, new DeviceMemory(Device, data.Rows * data.RowBytes));
            queue.Upload(data.FeatureBytes, store.Memory, data.Rows * data.RowBytes);
        }

        return store.Memory;
    }

    private DeviceMemory Sent(SampleStore data, ReadOnlySpan<int> rows)
    {
        var packed = new byte[rows.Length * data.RowBytes];
        for (var sample = 0; sample < rows.Length; sample++)
        {
            new ReadOnlySpan<byte>(data.FeatureBytes + (rows[sample] * data.RowBytes), (int)data.RowBytes)
                .CopyTo(packed.AsSpan((int)(sample * data.RowBytes)));
        }

        return Uploaded<byte>("raw", packed);
    }

    private static void RequireRows(SampleStore data, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
        {
            if ((uint)row >= (ulong)data.Rows)
            {
                throw new ArgumentOutOfRangeException(nameof(rows), row, $"Row of a store; allowed: 0 to {data.Rows - 1}");
            }
        }
    }

    private sealed class DeviceStore(SampleStore data, DeviceMemory memory) : IDisposable
    {
        public SampleStore Data { get; } = data;

        public DeviceMemory Memory { get; } = memory;

        public void Dispose() => Memory.Dispose();
    }
}
