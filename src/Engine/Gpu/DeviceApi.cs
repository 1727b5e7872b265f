namespace SparseService.Engine.Gpu;

/// <summary>What the runtime asks of a device's driver: all that differs between OpenCL and CUDA, and nothing more.</summary>
/// <remarks>One for each device. Handles are the driver's own, 0 is none. Everything throws <see cref="DeviceException"/>, whose messages
/// begin with the device and with what it was to do; what only gives back never throws. Several callers at once, each with its own
/// queue.</remarks>
internal abstract unsafe class DeviceApi
{
    /// <summary>As in <c>--backend</c>.</summary>
    public abstract string Name { get; }

    public abstract DeviceFacts Facts { get; }

    /// <summary>Builds a program, and keeps it as long as the process lives.</summary>
    /// <param name="name">One of <see cref="KernelSource.Names"/>, or any other for a source of one's own.</param>
    /// <param name="options">Arguments of the compiler.</param>
    /// <exception cref="KernelBuildException">With the compiler's log.</exception>
    public abstract nint BuildProgram(string name, string source, string options);

    public abstract ApiKernel CreateKernel(nint program, string name);

    /// <param name="doing">For messages.</param>
    /// <exception cref="DeviceMemoryException">The device has not so much.</exception>
    public abstract nint Allocate(long bytes, string doing);

    /// <summary>Work that is queued may still use the memory; it is given back when that is done.</summary>
    public abstract void Free(nint memory);

    /// <summary>An in-order queue.</summary>
    public abstract nint CreateQueue();

    public abstract void ReleaseQueue(nint queue);

    /// <summary>Waits for everything in the queue.</summary>
    public abstract void Finish(nint queue);

    /// <summary>Page-locked memory of the host.</summary>
    public abstract PinnedMemory Pin(nint queue, long bytes);

    /// <summary>Puts a copy to the device into the queue.</summary>
    /// <param name="isBlocking">Returns when it is done; else <paramref name="host"/> must stay until then.</param>
    /// <returns>Event of the end when not blocking, to be given to <see cref="Wait"/> or <see cref="ReleaseEvent"/>; else 0.</returns>
    public abstract nint Write(nint queue, nint memory, long offset, long bytes, void* host, bool isBlocking);

    /// <summary>Puts a copy to the host into the queue.</summary>
    /// <inheritdoc cref="Write"/>
    public abstract nint Read(nint queue, nint memory, long offset, long bytes, void* host, bool isBlocking);

    /// <summary>Puts zeros over the first <paramref name="bytes"/> into the queue.</summary>
    public abstract void Clear(nint queue, nint memory, long bytes);

    /// <summary>An event of the end of all that is in the queue so far.</summary>
    public abstract nint Mark(nint queue);

    /// <summary>What is put into a queue from now on runs after an event of another queue of the device; gives the event back.</summary>
    public abstract void After(nint queue, nint mark);

    /// <summary>Waits for an event, and gives it back.</summary>
    public abstract void Wait(nint done);

    public abstract void ReleaseEvent(nint done);
}

/// <summary>What an argument of a kernel is.</summary>
internal enum ArgumentKind
{
    /// <summary>A number or a structure, by value.</summary>
    Value,

    /// <summary>A handle of the device's memory; 0 is a null pointer in the kernel.</summary>
    Memory,

    /// <summary>Memory that each work-group shares: only its size is given.</summary>
    Local,
}

/// <summary>A kernel as a driver has it. One caller at a time.</summary>
internal abstract unsafe class ApiKernel : IDisposable
{
    /// <param name="index">From 0; arguments are given in their order.</param>
    /// <param name="value">Null for <see cref="ArgumentKind.Local"/>.</param>
    public abstract void Set(int index, ArgumentKind kind, int bytes, void* value);

    /// <summary>Puts it into a queue, with the arguments as they are now.</summary>
    /// <param name="groups">Number of work-groups along each dimension, at least 1.</param>
    /// <param name="group">Work-items of a group along each dimension.</param>
    public abstract void Launch(nint queue, (long X, long Y) groups, (int X, int Y) group);

    public abstract void Dispose();
}

/// <summary>Page-locked memory of the host, which a device's copy engine reads and writes by itself.</summary>
internal abstract unsafe class PinnedMemory(void* pointer) : IDisposable
{
    public byte* Pointer { get; } = (byte*)pointer;

    public abstract void Dispose();
}

/// <summary>What a driver says of its device; see <see cref="GpuDevice"/>.</summary>
internal sealed record DeviceFacts
{
    public required string Name { get; init; }

    public required string Platform { get; init; }

    public required string Driver { get; init; }

    public required bool IsGpu { get; init; }

    public required long MemoryBytes { get; init; }

    public required long LargestBufferBytes { get; init; }

    public required long LocalBytes { get; init; }

    public required int ComputeUnits { get; init; }

    public required bool SharesHostMemory { get; init; }

    public required bool HasDouble { get; init; }

    public override string ToString() => $"{Name} ({Platform}, driver {Driver})";
}
