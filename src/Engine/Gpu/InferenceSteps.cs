using System.Numerics;

namespace SparseService.Engine.Gpu;

/// <summary>The kernels of inference, put into a queue one after the other. How many inputs are left is known to the device; the host asks at layers 1, 2, 4,
/// 8, … only, for a launch too large costs little and a wait for the device more.</summary>
internal sealed unsafe class InferenceSteps : IDisposable
{
    private const string Program = "FusedLayer";

    private static readonly (int X, int Y) RowGroup = (64, 4);

    private readonly DeviceQueue queue;
    private readonly FusedShape shape;
    private readonly Kernel fused;
    private readonly Kernel expand;
    private readonly Kernel compact;
    private readonly Kernel gather;

    public InferenceSteps(DeviceQueue queue, FusedShape shape)
    {
        (this.queue, this.shape) = (queue, shape);
        var program = queue.Device.Program(Program, KernelSource.Of(Program), shape.Options);
        (fused, expand) = (new Kernel(queue.Device, program, "fused_layer"), new Kernel(queue.Device, program, "expand_bits"));
        (compact, gather) = (new Kernel(queue.Device, program, "compact"), new Kernel(queue.Device, program, "gather_rows"));
    }

    /// <summary>At most so many inputs are left.</summary>
    public int Left { get; private set; }

    /// <summary>The layer that the inputs were before when they came to the device.</summary>
    public int First { get; private set; }

    /// <summary>Neurons that the inputs have now.</summary>
    public int Width { get; private set; }

    /// <summary>Inputs before the first layer.</summary>
    /// <param name="width">Features that this layer reads.</param>
    public void Begin(InferenceBuffers buffers, ReadOnlySpan<ulong> bits, int words, int width, int firstId)
    {
        Begin(buffers, bits.Length / words, layer: 0);
        Width = width;
        using var input = new DeviceMemory(queue.Device, (long)bits.Length * sizeof(ulong));
        queue.Upload(bits, input);
        expand.Begin().Value(width).Value(Left).Value(words).Memory(input).Memory(buffers.X).Memory(buffers.List).Memory(buffers.Ids)
            .Value(firstId).Run(queue, (width, Left), RowGroup);
    }

    /// <summary>Inputs that have waited before a later layer.</summary>
    public void Begin(InferenceBuffers buffers, WaitingInputs waiting, int from, int count, int layer)
    {
        Begin(buffers, count, layer);
        Width = waiting.Width;
        queue.Upload(waiting.Activations.Pointer + ((long)from * Width), buffers.X, (long)count * Width * sizeof(float));
        queue.Upload<DeviceMemory, int>(waiting.Ids.AsSpan(from, count), buffers.Ids);
        queue.Upload<DeviceMemory, int>(Enumerable.Range(0, count).ToArray(), buffers.List);
        GC.KeepAlive(waiting);
    }

    /// <summary>One layer.</summary>
    /// <param name="layer">Its number.</param>
    public void Run(DeviceLayer place, InferenceBuffers buffers, int layer)
    {
        Width = place.Outputs;
        if (Left == 0)
        {
            return;
        }

        place.GiveTo(fused.Begin().Value(place.Inputs).Value(place.Outputs).Memory(buffers.Counts).Value(layer))
            .Memory(buffers.List).Memory(buffers.X).Memory(buffers.Y).Memory(buffers.Alive)
            .Local(shape.Stage * shape.Features * sizeof(float)).Local(shape.Features * sizeof(int))
            .Run(queue, ((place.Outputs + shape.Rows - 1L) / shape.Rows * shape.Rows, (Left + shape.Features - 1) / shape.Features), (shape.Rows, 1));
        compact.Begin().Memory(buffers.Counts).Value(layer).Memory(buffers.Alive).Memory(buffers.List).Memory(buffers.Ids).Memory(buffers.NextIds)
            .Local(FusedShape.CompactItems * sizeof(int)).Run(queue, FusedShape.CompactItems, FusedShape.CompactItems);
        buffers.Swap();
        if (BitOperations.IsPow2(layer + 1))
        {
            Left = Counts(buffers, layer + 1)[layer + 1];
        }
    }

    /// <summary>Inputs that entered layers 0 to <paramref name="layer"/>, from <see cref="First"/> on.</summary>
    public int[] Counts(InferenceBuffers buffers, int layer)
    {
        var counts = new int[layer + 1];
        queue.Download<DeviceMemory, int>(buffers.Counts, counts);
        Left = counts[layer];
        return counts;
    }

    /// <summary>Copies the activations of all that are left, which are as many as <paramref name="into"/> has.</summary>
    public void Fetch(InferenceBuffers buffers, WaitingInputs into)
    {
        gather.Begin().Value(Width).Value(into.Count).Memory(buffers.List).Memory(buffers.X).Memory(buffers.Y)
            .Run(queue, (Width, into.Count), RowGroup);
        queue.Download(buffers.Y, into.Activations.Pointer, into.Activations.Length * sizeof(float));
        GC.KeepAlive(into);
    }

    public void Dispose()
    {
        foreach (var kernel in new[] { fused, expand, compact, gather })
        {
            kernel.Dispose();
        }
    }

    private void Begin(InferenceBuffers buffers, int count, int layer)
    {
        (Left, First) = (count, layer);
        queue.Clear(buffers.Alive);
        queue.Clear(buffers.Counts);
        queue.WriteTo(buffers.Counts, (long)layer * sizeof(int), sizeof(int), &count, blocking: true);
    }
}
