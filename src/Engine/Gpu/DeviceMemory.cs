namespace SparseService.Engine.Gpu;

/// <summary>A piece of a device's memory.</summary>
internal sealed unsafe class DeviceMemory : IDisposable
{
    private nint handle;

    /// <exception cref="DeviceMemoryException">The device has not so much.</exception>
    public DeviceMemory(GpuDevice device, long bytes, ulong flags = OpenCl.MemReadWrite)
    {
        Bytes = Math.Max(bytes, sizeof(long)); // There are no buffers of 0 bytes.
        var doing = $"a buffer of {Bytes:N0} bytes (the device has {device.MemoryBytes:N0}, {device.LargestBufferBytes:N0} in one buffer)";
        if (Bytes > device.LargestBufferBytes)
        {
            GC.SuppressFinalize(this);
            throw OpenClFault.Of(-61, device.ToString(), doing);
        }

        handle = OpenCl.CreateBuffer(device.Context, flags, (nuint)Bytes, null, out var error);
        if (error != 0)
        {
            GC.SuppressFinalize(this);
            throw OpenClFault.Of(error, device.ToString(), doing, allocates: true);
        }
    }

    ~DeviceMemory() => Free();

    public long Bytes { get; }

    /// <summary>Also after a finaliser was here.</summary>
    public bool IsFreed => handle == 0;

    public nint Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(handle == 0, this);
            return handle;
        }
    }

    // Work that is queued holds on to the memory until it is done.
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (handle != 0)
        {
            _ = OpenCl.ReleaseMemory(handle);
            handle = 0;
        }
    }
}
