namespace SparseService.Engine.Gpu;

/// <summary>A place on a device for one layer of inference; the next layer may take its arrays over.</summary>
internal sealed unsafe class DeviceLayer : IDisposable
{
    private readonly DeviceMemory?[] arrays = new DeviceMemory?[7];

    public int Inputs { get; private set; }

    public int Outputs { get; private set; }

    private float Cap { get; set; }

    /// <summary>Copies a layer here; the host's arrays are free again on return.</summary>
    /// <exception cref="DeviceMemoryException">The device has not so much memory.</exception>
    public void Fill(DeviceQueue queue, SlicedLayer from)
    {
        (Inputs, Outputs, Cap) = (from.Inputs, from.Outputs, from.Cap);
        Fill<int>(queue, 0, from.FirstStages);
        Fill<int>(queue, 1, from.MapOffsets);
        Fill<ushort>(queue, 2, from.Map);
        Fill<int>(queue, 3, from.SliceOffsets);
        Fill<ushort>(queue, 4, from.Columns);
        Fill<float>(queue, 5, from.Values);
        Fill<float>(queue, 6, from.Biases);
    }

    /// <summary>The layer's arguments of <c>fused_layer</c>, from its arrays on.</summary>
    public Kernel GiveTo(Kernel kernel)
    {
        foreach (var array in arrays)
        {
            kernel.Memory(array);
        }

        return kernel.Value(Cap);
    }

    public void Dispose()
    {
        foreach (var array in arrays)
        {
            array?.Dispose();
        }
    }

    private void Fill<T>(DeviceQueue queue, int index, ReadOnlySpan<T> items)
        where T : unmanaged
    {
        var bytes = (long)items.Length * sizeof(T);
        if (arrays[index] is not { } array || array.Bytes < bytes)
        {
            arrays[index]?.Dispose();
            arrays[index] = null;
            arrays[index] = array = new DeviceMemory(queue.Device, bytes);
        }

        queue.Upload(items, array);
    }
}
