using SparseService.Engine.Kernels;

namespace SparseService.Engine.Gpu;

/// <summary>What a device knows of a host buffer. Nobody says when to transfer: who computes there asks for the device's side, who touches the
/// host's side gets it as new as it is.</summary>
internal sealed unsafe class DeviceCopy<TMemory> : IDeviceCopy
    where TMemory : class, IDisposable
{
    private readonly Lock access = new();
    private readonly IDeviceLink<TMemory> link;
    private readonly void* host;
    private readonly long bytes;
    private TMemory memory;
    private Newest newest = Newest.Host;
    private bool isReleased;

    /// <param name="bytes">The buffer's whole capacity: its length may change on the host.</param>
    private DeviceCopy(IDeviceLink<TMemory> link, void* host, long bytes)
    {
        memory = link.Allocate(bytes);
        link.Keep();
        this.link = link;
        this.host = host;
        this.bytes = bytes;
    }

    private enum Newest
    {
        Host,
        Both,
        Device,
    }

    /// <summary>The buffer's copy on a device, made if it has none there; another device's is given up.</summary>
    /// <exception cref="ArgumentException">The buffer is a part of another one.</exception>
    public static DeviceCopy<TMemory> Of<T>(DeviceBuffer<T> buffer, IDeviceLink<TMemory> link)
        where T : unmanaged
    {
        if (buffer.OnDevice is DeviceCopy<TMemory> copy && ReferenceEquals(copy.link, link))
        {
            return copy;
        }

        if (buffer.IsWindow)
        {
            throw new ArgumentException("A part of another buffer has no copy on a device; allowed: whole buffers", nameof(buffer));
        }

        buffer.OnDevice?.BringHome();
        buffer.OnDevice?.Dispose();
        copy = new DeviceCopy<TMemory>(link, buffer.HostMemory, buffer.Capacity * sizeof(T));
        buffer.OnDevice = copy;
        return copy;
    }

    /// <summary>The device's side, as new as the host's.</summary>
    public TMemory ToRead()
    {
        lock (access)
        {
            if (newest == Newest.Host)
            {
                link.Upload(host, memory, bytes);
                newest = Newest.Both;
            }

            return memory;
        }
    }

    /// <summary>The device's side, which is about to become newer than the host's.</summary>
    /// <param name="overwritesBytes">So many bytes at the front get new values whatever they are; what is behind them stays.</param>
    public TMemory ToWrite(long overwritesBytes = 0)
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
                link.Download(memory, host, bytes);
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
                link.Download(memory, host, bytes);
                newest = Newest.Both;
            }
        }
    }

    /// <summary>The device's side is in other memory from now on, and is newer than the host's.</summary>
    /// <param name="other">As large; taken over.</param>
    /// <returns>Where it was.</returns>
    public TMemory Exchange(TMemory other)
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
                link.Release();
            }
        }
    }
}
