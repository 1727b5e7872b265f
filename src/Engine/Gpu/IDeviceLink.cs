namespace SparseService.Engine.Gpu;

/// <summary>The way between the host's memory and one device, whoever made its runtime.</summary>
/// <typeparam name="TMemory">A piece of the device's memory.</typeparam>
internal unsafe interface IDeviceLink<TMemory>
    where TMemory : class, IDisposable
{
    /// <summary>Whether the device has float64; else the kernels' type <c>wide</c> is float32.</summary>
    bool HasDouble => true;

    /// <exception cref="DeviceMemoryException">The device has not so much.</exception>
    TMemory Allocate(long bytes);

    /// <summary>Copies to the device; the host's memory is free again on return.</summary>
    void Upload(void* host, TMemory memory, long bytes);

    /// <summary>Copies to the host, after everything that was asked for before.</summary>
    void Download(TMemory memory, void* host, long bytes);

    /// <summary>The link outlives its owner until <see cref="Release"/>. One that lives as long as the process has nothing to do.</summary>
    void Keep()
    {
    }

    /// <summary>To be called once by whoever made it and by whoever kept it.</summary>
    void Release()
    {
    }
}

/// <summary>The same for whole lists.</summary>
internal static unsafe class DeviceLinks
{
    /// <summary>Copies to the device; the list is free again on return.</summary>
    public static void Upload<TMemory, T>(this IDeviceLink<TMemory> link, ReadOnlySpan<T> items, TMemory memory)
        where TMemory : class, IDisposable
        where T : unmanaged
    {
        fixed (T* host = items)
        {
            link.Upload(host, memory, (long)items.Length * sizeof(T));
        }
    }

    /// <summary>Copies to the host, after everything that was asked for before, as many as there is room for.</summary>
    public static void Download<TMemory, T>(this IDeviceLink<TMemory> link, TMemory memory, Span<T> items)
        where TMemory : class, IDisposable
        where T : unmanaged
    {
        fixed (T* host = items)
        {
            link.Download(memory, host, (long)items.Length * sizeof(T));
        }
    }

    /// <summary>Numbers of the kernels' type <c>wide</c>, likewise.</summary>
    public static void DownloadWide<TMemory>(this IDeviceLink<TMemory> link, TMemory memory, Span<double> items)
        where TMemory : class, IDisposable
    {
        if (link.HasDouble)
        {
            link.Download(memory, items);
            return;
        }

        var narrow = new float[items.Length];
        link.Download<TMemory, float>(memory, narrow);
        Array.ConvertAll(narrow, item => (double)item).CopyTo(items);
    }
}
