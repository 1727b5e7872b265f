namespace SparseService.Engine.Gpu;

/// <summary>Page-locked memory that transfers pass through piece by piece: the device's copy engine reads no other, and while it works on one
/// half the host fills or empties the other.</summary>
internal sealed unsafe class PinnedStaging : IDisposable
{
    /// <summary>Below this the driver's own way is as good.</summary>
    public const long WorthWhileBytes = 1 << 16;

    private const long HalfBytes = 4 << 20;

    private readonly DeviceQueue queue;
    private readonly PinnedMemory memory;
    private readonly nint[] busy = new nint[2];
    private long uploads;

    public PinnedStaging(DeviceQueue queue)
    {
        this.queue = queue;
        memory = queue.Device.Api.Pin(queue.Handle, 2 * HalfBytes);
    }

    /// <summary>Returns when the host's memory is copied; the device may be behind by up to two pieces, in the queue's order.</summary>
    public void Upload(byte* host, DeviceMemory target, long bytes)
    {
        for (var at = 0L; at < bytes; at += HalfBytes)
        {
            var half = (int)(uploads++ % 2);
            var count = Math.Min(HalfBytes, bytes - at);
            Settle(half);
            Buffer.MemoryCopy(host + at, Half(half), HalfBytes, count);
            busy[half] = queue.WriteTo(target, at, count, Half(half), blocking: false);
        }
    }

    public void Download(DeviceMemory source, byte* host, long bytes)
    {
        Settle(0);
        Settle(1);
        Span<nint> ready = [0, 0];
        for (var (asked, taken) = (0L, 0L); taken < bytes;)
        {
            // Two pieces are on their way before the first is taken.
            for (; asked < bytes && asked < taken + (2 * HalfBytes); asked += HalfBytes)
            {
                var half = (int)(asked / HalfBytes % 2);
                ready[half] = queue.ReadFrom(source, asked, Math.Min(HalfBytes, bytes - asked), Half(half), blocking: false);
            }

            var next = (int)(taken / HalfBytes % 2);
            var count = Math.Min(HalfBytes, bytes - taken);
            queue.Wait(ready[next]);
            Buffer.MemoryCopy(Half(next), host + taken, bytes - taken, count);
            taken += HalfBytes;
        }
    }

    /// <summary>To be called while the queue is still there, though nobody may put anything into it.</summary>
    public void Dispose()
    {
        foreach (var done in busy.Where(done => done != 0))
        {
            queue.Device.Api.ReleaseEvent(done);
        }

        memory.Dispose();
    }

    private void Settle(int half)
    {
        var done = busy[half];
        busy[half] = 0;
        queue.Wait(done);
    }

    private byte* Half(int half) => memory.Pointer + (half * HalfBytes);
}
