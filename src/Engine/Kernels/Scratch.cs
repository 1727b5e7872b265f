namespace SparseService.Engine.Kernels;

/// <summary>Memory that operations share one after the other, so that none allocates in the steady state.</summary>
internal sealed unsafe class Scratch<T> : IDisposable
    where T : unmanaged
{
    private DeviceBuffer<T> buffer = new(0);

    /// <summary>At least so many elements, with whatever was in them.</summary>
    public T* Of(long length)
    {
        if (buffer.Capacity < length)
        {
            buffer.Dispose();
            buffer = new DeviceBuffer<T>(length);
        }

        return buffer.Pointer;
    }

    public void Dispose() => buffer.Dispose();
}
