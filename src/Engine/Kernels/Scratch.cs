namespace SparseService.Engine.Kernels;

/// <summary>Memory that operations use one after the other, so that none allocates in the steady state. Who comes while it is lent gets
/// memory of its own.</summary>
internal sealed class Scratch<T> : IDisposable
    where T : unmanaged
{
    private DeviceBuffer<T>? kept;

    /// <summary>At least so many elements, with whatever is in them.</summary>
    public DeviceBuffer<T> Take(long length)
    {
        var buffer = Interlocked.Exchange(ref kept, null);
        if (buffer?.Capacity >= length)
        {
            return buffer;
        }

        buffer?.Dispose();
        return new DeviceBuffer<T>(length);
    }

    /// <summary>Keeps what <see cref="Take"/> gave for the next.</summary>
    public void GiveBack(DeviceBuffer<T> buffer) => Interlocked.Exchange(ref kept, buffer)?.Dispose();

    public void Dispose() => kept?.Dispose();
}
