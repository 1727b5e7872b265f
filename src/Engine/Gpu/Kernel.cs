namespace SparseService.Engine.Gpu;

/// <summary>A kernel that is being given its arguments, in their order, and then started.</summary>
/// <remarks>One caller at a time.</remarks>
internal sealed unsafe class Kernel : IDisposable
{
    private readonly GpuDevice device;
    private readonly string name;
    private nint handle;
    private uint next;

    public Kernel(GpuDevice device, nint program, string name)
    {
        this.device = device;
        this.name = name;
        handle = OpenCl.CreateKernel(program, name, out var error);
        OpenClFault.Check(error, device.ToString(), $"kernel {name}");
    }

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
        var value = memory is null ? 0 : memory.Handle;
        return Set((nuint)sizeof(nint), memory is null ? null : &value);
    }

    public Kernel Value<T>(T value)
        where T : unmanaged => Set((nuint)sizeof(T), &value);

    /// <summary>Memory that each work-group shares.</summary>
    public Kernel Local(int bytes) => Set((nuint)bytes, null);

    /// <summary>Starts it on <paramref name="items"/> work-items, rounded up to whole groups of <paramref name="group"/>.</summary>
    public void Run(DeviceQueue queue, (long X, long Y) items, (int X, int Y) group)
    {
        if (items.X == 0 || items.Y == 0)
        {
            return;
        }

        var global = stackalloc nuint[] { Whole(items.X, group.X), Whole(items.Y, group.Y) };
        var local = stackalloc nuint[] { (nuint)group.X, (nuint)group.Y };
        var code = OpenCl.Run(queue.Handle, handle, 2, null, global, local, 0, null, null);
        OpenClFault.Check(code, device.ToString(), $"kernel {name}, {items.X} × {items.Y} work-items in groups of {group.X} × {group.Y}");
    }

    /// <inheritdoc cref="Run(DeviceQueue, ValueTuple{long, long}, ValueTuple{int, int})"/>
    public void Run(DeviceQueue queue, long items, int group) => Run(queue, (items, 1), (group, 1));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static nuint Whole(long items, int group) => (nuint)((items + group - 1) / group * group);

    private Kernel Set(nuint size, void* value)
    {
        var code = OpenCl.SetArgument(handle, next, size, value);
        OpenClFault.Check(code, device.ToString(), $"kernel {name}, argument {next}");
        next++;
        return this;
    }

    private void Free()
    {
        if (handle != 0)
        {
            _ = OpenCl.ReleaseKernel(handle);
            handle = 0;
        }
    }
}
