namespace SparseService.Engine.Gpu;

/// <summary>Two queues of a device run side by side, but for what one waits for of the other.</summary>
internal sealed unsafe partial class DeviceQueue
{
    /// <summary>The end of all that was put in so far.</summary>
    /// <returns>To be given once, to <see cref="After"/> of another queue or to <see cref="Wait"/>.</returns>
    public nint Mark()
    {
        nint mark = 0;
        OpenClFault.Check(OpenCl.Marker(Handle, 0, null, &mark), Device.ToString(), "a mark in the queue");

        // Another queue may wait for it: what is not sent to the device would never come.
        OpenClFault.Check(OpenCl.Flush(Handle), Device.ToString(), "sending the queue to the device");
        return mark;
    }

    /// <summary>What is put in from now on runs after a mark of another queue; 0 is none.</summary>
    public void After(nint mark)
    {
        if (mark != 0)
        {
            var code = OpenCl.Barrier(Handle, 1, &mark, null);
            _ = OpenCl.ReleaseEvent(mark);
            OpenClFault.Check(code, Device.ToString(), "waiting for another queue");
        }
    }
}
