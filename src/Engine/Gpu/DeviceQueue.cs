namespace SparseService.Engine.Gpu;

/// <summary>An in-order queue of one device: what is put in runs in that order, so nothing has to wait for anything by name.</summary>
/// <remarks>One caller at a time. Lives as long as anybody who has memory to bring home through it, see <see cref="Keep"/>.</remarks>
internal sealed unsafe partial class DeviceQueue
{
    private readonly nint handle;
    private readonly PinnedStaging? staging;
    private int keepers = 1;

    /// <param name="pins">Whether large transfers go through page-locked memory; null: unless the device shares the host's memory.</param>
    public DeviceQueue(GpuDevice device, bool? pins = null)
    {
        Device = device;
        handle = OpenCl.CreateQueue(device.Context, device.Id, 0, out var error);
        OpenClFault.Check(error, device.ToString(), "command queue", allocates: true);
        staging = pins ?? !device.SharesHostMemory ? new PinnedStaging(this) : null;
    }

    public GpuDevice Device { get; }

    public nint Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref keepers) <= 0, this);
            return handle;
        }
    }

    public DeviceQueue Keep()
    {
        Interlocked.Increment(ref keepers);
        return this;
    }

    /// <summary>To be called once by whoever made it and by whoever kept it.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref keepers) == 0)
        {
            staging?.Dispose();
            _ = OpenCl.ReleaseQueue(handle);
        }
    }

    /// <summary>Copies to the device; the host's memory is free again on return.</summary>
    public void Upload(void* host, DeviceMemory memory, long bytes)
    {
        if (staging is not null && bytes > 0)
        {
            staging.Upload((byte*)host, memory, bytes);
            return;
        }

        WriteTo(memory, 0, bytes, host, blocking: true);
    }

    /// <summary>Copies to the host, after everything that was put in before.</summary>
    public void Download(DeviceMemory memory, void* host, long bytes)
    {
        if (staging is not null && bytes > PinnedStaging.WorthWhileBytes)
        {
            staging.Download(memory, (byte*)host, bytes);
            return;
        }

        ReadFrom(memory, 0, bytes, host, blocking: true);
    }

    public void Clear(DeviceMemory memory)
    {
        byte zero = 0;
        var code = OpenCl.Fill(Handle, memory.Handle, &zero, sizeof(byte), 0, (nuint)memory.Bytes, 0, null, null);
        OpenClFault.Check(code, Device.ToString(), $"clearing {memory.Bytes:N0} bytes", allocates: true);
    }

    public void Finish() => OpenClFault.Check(OpenCl.Finish(Handle), Device.ToString(), "waiting for the queue");

    /// <returns>Event of the end when not blocking, to be given to <see cref="Wait"/>.</returns>
    public nint WriteTo(DeviceMemory memory, long offset, long bytes, void* host, bool blocking)
    {
        nint done = 0;
        if (bytes > 0)
        {
            var code = OpenCl.Write(
                Handle, memory.Handle, blocking ? 1u : 0, (nuint)offset, (nuint)bytes, host, 0, null, blocking ? null : &done);
            OpenClFault.Check(code, Device.ToString(), $"a transfer of {bytes:N0} bytes to the device", allocates: true);
        }

        return done;
    }

    /// <inheritdoc cref="WriteTo"/>
    public nint ReadFrom(DeviceMemory memory, long offset, long bytes, void* host, bool blocking)
    {
        nint done = 0;
        if (bytes > 0)
        {
            var code = OpenCl.Read(
                Handle, memory.Handle, blocking ? 1u : 0, (nuint)offset, (nuint)bytes, host, 0, null, blocking ? null : &done);
            OpenClFault.Check(code, Device.ToString(), $"a transfer of {bytes:N0} bytes from the device");
        }

        return done;
    }

    /// <summary>Waits for an event and forgets it; 0 is none.</summary>
    public void Wait(nint done)
    {
        if (done != 0)
        {
            var code = OpenCl.Wait(1, &done);
            _ = OpenCl.ReleaseEvent(done);
            OpenClFault.Check(code, Device.ToString(), "waiting for a transfer");
        }
    }
}
