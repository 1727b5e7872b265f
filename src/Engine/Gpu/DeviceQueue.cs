namespace SparseService.Engine.Gpu;

/// <summary>An in-order queue of one device: what is put in runs in that order, so nothing has to wait for anything by name.</summary>
/// <remarks>One caller at a time. Lives as long as anybody who has memory to bring home through it, see <see cref="Keep"/>.</remarks>
internal sealed unsafe partial class DeviceQueue : IDeviceLink<DeviceMemory>
{
    private readonly DeviceApi api;
    private readonly nint handle;
    private readonly PinnedStaging? staging;
    private int keepers = 1;

    /// <param name="pins">Whether large transfers go through page-locked memory; null: unless the device shares the host's memory.</param>
    public DeviceQueue(GpuDevice device, bool? pins = null)
    {
        Device = device;
        api = device.Api;
        handle = api.CreateQueue();
        staging = pins ?? !device.SharesHostMemory ? new PinnedStaging(this) : null;
    }

    public GpuDevice Device { get; }

    public bool HasDouble => Device.HasDouble;

    public nint Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref keepers) <= 0, this);
            return handle;
        }
    }

    public DeviceMemory Allocate(long bytes) => new(Device, bytes);

    public void Keep() => Interlocked.Increment(ref keepers);

    public void Release()
    {
        if (Interlocked.Decrement(ref keepers) == 0)
        {
            staging?.Dispose();
            api.ReleaseQueue(handle);
        }
    }

    public void Upload(void* host, DeviceMemory memory, long bytes)
    {
        if (staging is not null && bytes > 0)
        {
            staging.Upload((byte*)host, memory, bytes);
            return;
        }

        WriteTo(memory, 0, bytes, host, blocking: true);
    }

    public void Download(DeviceMemory memory, void* host, long bytes)
    {
        if (staging is not null && bytes > PinnedStaging.WorthWhileBytes)
        {
            staging.Download(memory, (byte*)host, bytes);
            return;
        }

        ReadFrom(memory, 0, bytes, host, blocking: true);
    }

    public void Clear(DeviceMemory memory) => api.Clear(Handle, memory.Handle, memory.Bytes);

    public void Finish() => api.Finish(Handle);

    /// <returns>Event of the end when not blocking, to be given to <see cref="Wait"/>.</returns>
    public nint WriteTo(DeviceMemory memory, long offset, long bytes, void* host, bool blocking) =>
        bytes > 0 ? api.Write(Handle, memory.Handle, offset, bytes, host, blocking) : 0;

    /// <inheritdoc cref="WriteTo"/>
    public nint ReadFrom(DeviceMemory memory, long offset, long bytes, void* host, bool blocking) =>
        bytes > 0 ? api.Read(Handle, memory.Handle, offset, bytes, host, blocking) : 0;

    /// <summary>Waits for an event and forgets it; 0 is none.</summary>
    public void Wait(nint done)
    {
        if (done != 0)
        {
            api.Wait(done);
        }
    }
}
