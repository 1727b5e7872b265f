using SparseService.Engine.Kernels;

namespace SparseService.Engine.Gpu;

/// <summary>What a device knows of a host buffer. Nobody says when to transfer: who computes there asks for the device's side, who touches the
/// host's side gets it as new as it is.</summary>
internal sealed unsafe class DeviceCopy : IDeviceCopy
{
    private readonly Lock access = new();
    private readonly DeviceQueue queue;
    private readonly void* host;
    private readonly long bytes;
    private DeviceMemory memory;
    private Newest newest = Newest.Host;
    private bool isReleased;

    /// <param name="bytes">The buffer's whole capacity: its length may change on the host.</param>
    public DeviceCopy(DeviceQueue queue, void* host, long bytes)
    {
        memory = new DeviceMemory(queue.Device, bytes);
        this.queue = queue.Keep();
        this.host = host;
        this.bytes = bytes;
    }

    private enum Newest
    {
        Host,
        Both,
        Device,
    }

    public bool IsOf(DeviceQueue other) => ReferenceEquals(queue, other);

    /// <summary>The device's side, as new as the host's.</summary>
    public DeviceMemory ToRead()
    {
        lock (access)
        {
            if (newest == Newest.Host)
            {
                queue.Upload(host, memory, bytes);
                newest = Newest.Both;
            }

            return memory;
        }
    }

    /// <summary>The device's side, which is about to become newer than the host's.</summary>
    /// <param name="overwritesBytes">So many bytes at the front get new values whatever they are; what is behind them stays.</param>
    public DeviceMemory ToWrite(long overwritesBytes = 0)
    {
        lock (access)
        {
            if (overwritesBytes < bytes)
            {
                ToRead();
            }

            newest = Newest.Device;
            return memory;
        }
    }

    /// <summary>Makes the host's side new; it may be changed from now on, and is newer than the device's then.</summary>
    public void BringHome()
    {
        lock (access)
        {
            if (newest == Newest.Device)
            {
                queue.Download(memory, host, bytes);
            }

            newest = Newest.Host;
        }
    }

    public void Show()
    {
        lock (access)
        {
            if (newest == Newest.Device)
            {
                queue.Download(memory, host, bytes);
                newest = Newest.Both;
            }
        }
    }

    /// <summary>The device's side is in other memory from now on, and is newer than the host's.</summary>
    /// <param name="other">As large; taken over.</param>
    /// <returns>Where it was.</returns>
    public DeviceMemory Exchange(DeviceMemory other)
    {
        lock (access)
        {
            var before = memory;
            (memory, newest) = (other, Newest.Device);
            return before;
        }
    }

    public void Dispose()
    {
        lock (access)
        {
            if (!isReleased)
            {
                isReleased = true;
                memory.Dispose();
                queue.Release();
            }
        }
    }
}
