using SparseService.Engine.Inference;

namespace SparseService.Engine.Gpu;

/// <summary>One device's share of the inputs, on its way through the layers.</summary>
/// <remarks>
/// Inputs that fit the device all at once stay there from layer to layer. Others wait in the host's memory: each part of them goes through the layers that
/// are given together, and comes back without those that have died.
/// </remarks>
internal sealed class DeviceShare : IDisposable
{
    // Of the device's memory that activations may take; the rest is for weights.
    private const double ActivationShare = 0.6;

    private readonly GpuDevice device;
    private readonly FusedShape shape;
    private readonly InferenceSteps steps;
    private readonly DeviceLayers places;
    private readonly DeviceQueue queue;
    private InferenceBuffers? buffers;
    private WaitingInputs? waiting;
    private ReadOnlyMemory<ulong> bits;
    private long[] active = [];
    private int words;
    private int firstId;
    private int inputs;
    private int layer;
    private bool isOnDevice;

    public DeviceShare(GpuDevice device, FusedShape shape)
    {
        (this.device, this.shape) = (device, shape);
        queue = new DeviceQueue(device);
        places = new DeviceLayers(queue);
        steps = new InferenceSteps(queue, shape);
    }

    /// <summary>Of the device's memory, what layers may take that stay there.</summary>
    public static long LayerBytes(GpuDevice device) => (long)((1 - ActivationShare) / 2 * device.MemoryBytes);

    /// <summary>Inputs that the device holds at a time.</summary>
    /// <param name="shape">A launch has no more groups than CUDA takes.</param>
    /// <param name="widest">Neurons of the widest layer.</param>
    public static int Room(GpuDevice device, FusedShape shape, int widest)
    {
        var bytes = Math.Min(device.LargestBufferBytes, (long)(device.MemoryBytes * ActivationShare / 2));
        return (int)Math.Clamp(bytes / ((long)widest * sizeof(float)), 1, (long)CudaGrid.MostAcross * shape.Features);
    }

    /// <summary>Begins a run.</summary>
    /// <param name="depth">Layers of the network.</param>
    /// <param name="bits">Whole inputs, as in <see cref="BitRows"/>.</param>
    /// <param name="words">Of an input.</param>
    /// <param name="firstId">Number of the first input.</param>
    public void Begin(int depth, ReadOnlyMemory<ulong> bits, int words, int firstId)
    {
        waiting?.Dispose();
        waiting = null;
        (this.bits, this.words, this.firstId, inputs) = (bits, words, firstId, bits.Length / words);
        (active, layer, isOnDevice) = (new long[depth], 0, false);
    }

    /// <summary>Runs what is left through the next layers.</summary>
    /// <param name="mostInputs">Inputs that go together; 0 = as many as the device holds.</param>
    public void Run(IReadOnlyList<NextLayer> layers, int mostInputs)
    {
        places.Keep(layers);
        var (width, widest) = (layers[0].Inputs, layers.Max(next => Math.Max(next.Inputs, next.Outputs)));
        if (isOnDevice && (long)steps.Left * widest > buffers!.Floats)
        {
            waiting = Fetch();
            isOnDevice = false;
        }

        var (count, most) = (waiting?.Count ?? inputs, mostInputs > 0 ? mostInputs : Room(device, shape, widest));
        if (!isOnDevice && count > most)
        {
            RunInParts(layers, count, most, (width, widest));
            return;
        }

        if (!isOnDevice && count > 0)
        {
            Send(0, count, (width, widest));
            waiting?.Dispose();
            waiting = null;
            isOnDevice = true;
        }

        foreach (var next in isOnDevice ? layers : [])
        {
            Step(places.Of(next));
        }

        layer += isOnDevice ? 0 : layers.Count;
    }

    /// <summary>Ends a run.</summary>
    /// <param name="active">Inputs that entered each layer are added.</param>
    /// <returns>The inputs that are left, ascending.</returns>
    public int[] End(Span<long> active)
    {
        var left = isOnDevice ? Ids() : waiting?.Ids ?? [];
        waiting?.Dispose();
        waiting = null;
        isOnDevice = false;
        for (var index = 0; index < this.active.Length; index++)
        {
            active[index] += this.active[index];
        }

        return left;
    }

    /// <summary>Frees the layers that stay on the device.</summary>
    public void Forget() => places.Forget();

    public void Dispose()
    {
        places.Dispose();
        steps.Dispose();
        buffers?.Dispose();
        waiting?.Dispose();
        queue.Release();
    }

    private void RunInParts(IReadOnlyList<NextLayer> layers, int count, int most, (int First, int Widest) width)
    {
        var (parts, first) = (new List<WaitingInputs>(), layer);
        var together = places.Together(layers);
        for (var from = 0; from < count; from += most)
        {
            layer = first;
            Send(from, Math.Min(most, count - from), width);
            foreach (var place in together)
            {
                Step(place);
            }

            parts.Add(Fetch());
        }

        places.Part(together);
        waiting?.Dispose();
        waiting = WaitingInputs.Joined(parts);
    }

    private void Step(DeviceLayer place)
    {
        steps.Run(place, buffers!, layer++);
        places.Used(place);
    }

    /// <summary>Takes inputs to the device, as they are before the next layer.</summary>
    private void Send(int from, int count, (int First, int Widest) width)
    {
        var floats = (long)count * width.Widest;
        if (buffers is null || buffers.Layers != active.Length || buffers.Inputs < count || buffers.Floats < floats)
        {
            buffers?.Dispose();
            buffers = null;
            buffers = new InferenceBuffers(device, count, floats, active.Length);
        }

        if (waiting is null)
        {
            steps.Begin(buffers, bits.Span.Slice(from * words, count * words), words, width.First, firstId + from);
        }
        else
        {
            steps.Begin(buffers, waiting, from, count, layer);
        }
    }

    /// <summary>Brings what is left back from the device.</summary>
    private WaitingInputs Fetch()
    {
        var left = new WaitingInputs(steps.Width, Ids());
        steps.Fetch(buffers!, left);
        return left;
    }

    // Counts say at last how many are left.
    private int[] Ids()
    {
        var counts = steps.Counts(buffers!, layer);
        for (var index = steps.First; index < layer; index++)
        {
            active[index] += counts[index];
        }

        var ids = new int[counts[layer]];
        queue.Download<DeviceMemory, int>(buffers!.Ids, ids);
        return ids;
    }
}
