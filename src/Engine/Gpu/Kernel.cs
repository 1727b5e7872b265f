namespace SparseService.Engine.Gpu;

/// <summary>A kernel that is being given its arguments, in their order, and then started.</summary>
/// <remarks>One caller at a time.</remarks>
internal sealed unsafe class Kernel : IDisposable
{
    private readonly ApiKernel kernel;
    private int next;
    private bool isDisposed;

    public Kernel(GpuDevice device, nint program, string name) => kernel = device.Api.CreateKernel(program, name);

    ~Kernel() => Free();

    /// <summary>The next argument is the first one: also when a start before could not be made.</summary>
    public Kernel Begin()
    {
        next = 0;
        return this;
    }

    /// <summary>Null is a null pointer in the kernel.</summary>
    public Kernel Memory(DeviceMemory? memory)
    {
        var value = memory?.Handle ?? 0;
        return Set(ArgumentKind.Memory, sizeof(nint), &value);
    }

    public Kernel Value<T>(T value)
        where T : unmanaged => Set(ArgumentKind.Value, sizeof(T), &value);

    /// <summary>Memory that each work-group shares.</summary>
    public Kernel Local(int bytes) => Set(ArgumentKind.Local, bytes, null);

    /// <summary>Starts it on <paramref name="items"/> work-items, rounded up to whole groups of <paramref name="group"/>.</summary>
    public void Run(DeviceQueue queue, (long X, long Y) items, (int X, int Y) group)
    {
        if (items.X > 0 && items.Y > 0)
        {
            kernel.Launch(queue.Handle, (Groups(items.X, group.X), Groups(items.Y, group.Y)), group);
        }
    }

    /// <inheritdoc cref="Run(DeviceQueue, ValueTuple{long, long}, ValueTuple{int, int})"/>
    public void Run(DeviceQueue queue, long items, int group) => Run(queue, (items, 1), (group, 1));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static long Groups(long items, int group) => (items + group - 1) / group;

    private Kernel Set(ArgumentKind kind, int bytes, void* value)
    {
        kernel.Set(next++, kind, bytes, value);
        return this;
    }

    // Null where the constructor has thrown.
    private void Free()
    {
        if (!isDisposed)
        {
            isDisposed = true;
            kernel?.Dispose();
        }
    }
}
