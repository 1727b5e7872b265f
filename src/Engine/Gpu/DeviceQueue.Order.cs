namespace SparseService.Engine.Gpu;

/// <summary>Two queues of a device run side by side, but for what one waits for of the other.</summary>
internal sealed unsafe partial class DeviceQueue
{
    /// <summary>The end of all that was put in so far.</summary>
    /// <returns>To be given once, to <see cref="After"/> of another queue or to <see cref="Wait"/>.</returns>
    public nint Mark() => api.Mark(Handle);

    /// <summary>What is put in from now on runs after a mark of another queue; 0 is none.</summary>
    public void After(nint mark)
    {
        if (mark != 0)
        {
            api.After(Handle, mark);
        }
    }
}
