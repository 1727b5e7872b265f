namespace SparseService.Engine.Gpu;

/// <summary>A piece of a device's memory.</summary>
internal sealed class DeviceMemory : IDisposable
{
    private readonly DeviceApi api;
    private nint handle;

    /// <exception cref="DeviceMemoryException">The device has not so much.</exception>
    public DeviceMemory(GpuDevice device, long bytes)
    {
        api = device.Api;
        Bytes = Math.Max(bytes, sizeof(long)); // There are no buffers of 0 bytes.
        var doing = $"a buffer of {Bytes:N0} bytes (the device has {device.MemoryBytes:N0}, {device.LargestBufferBytes:N0} in one buffer)";
        try
        {
            handle = Bytes <= device.LargestBufferBytes
                ? api.Allocate(Bytes, doing)
                : throw DeviceFault.OutOfMemory($"{device}, {doing}: too large");
        }
        catch (DeviceException)
        {
            GC.SuppressFinalize(this);
            throw;
        }
    }

    ~DeviceMemory() => Free();

    public long Bytes { get; }

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
            api.Free(handle);
            handle = 0;
        }
    }
}
