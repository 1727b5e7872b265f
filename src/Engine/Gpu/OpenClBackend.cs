using SparseService.Engine.Kernels;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Gpu;

/// <summary>Every operation on an OpenCL device. What it computes stays there until somebody on the host touches it.</summary>
/// <remarks>Bit-stable from run to run: every number is written by one work-item and every sum has a fixed order.</remarks>
public sealed unsafe partial class OpenClBackend : Backend
{
    internal const string BackendName = "opencl";

    // Of the device's memory that a dataset may take.
    private const int StoreShare = 4;

    private readonly DeviceQueue queue;
    private readonly KernelShapes shapes;
    private readonly ArrayCopies arrays;
    private readonly Dictionary<(string Program, string Kernel, string Options), Kernel> kernels = [];
    private readonly Dictionary<string, DeviceMemory> scratch = [];
    private DeviceTopology? topology;

    /// <exception cref="DeviceException">The device does not answer.</exception>
    internal OpenClBackend(GpuDevice device, int threads = 1, KernelShapes? shapes = null, bool? pins = null)
    {
        Device = device;
        Threads = threads;
        queue = new DeviceQueue(device, pins);
        arrays = new ArrayCopies(queue);
        this.shapes = shapes ?? KernelShapes.Of(device);
        MostStoreBytes = Math.Min(device.LargestBufferBytes, device.MemoryBytes / StoreShare);
    }

    public override string Name => BackendName;

    /// <summary>Where it computes.</summary>
    public GpuDevice Device { get; }

    /// <summary>A dataset of up to so many bytes is sent once and stays; of a larger one each minibatch's rows are sent.</summary>
    internal long MostStoreBytes { get; init; }

    /// <summary>Whether the network comes home to be changed and looked at, as with other backends; the results are the same.</summary>
    internal bool ChangesTopologyOnHost { get; init; }

    internal override TopologyWork Topology => ChangesTopologyOnHost ? base.Topology : topology ??= new DeviceTopology(this);

    internal DeviceQueue Queue => queue;

    internal KernelShapes Shapes => shapes;

    private int WideBytes => Device.HasDouble ? sizeof(double) : sizeof(float);

    public override void Dispose()
    {
        foreach (var kernel in kernels.Values)
        {
            kernel.Dispose();
        }

        foreach (var memory in scratch.Values)
        {
            memory.Dispose();
        }

        totals?.Dispose();
        store?.Dispose();
        kernels.Clear();
        scratch.Clear();
        queue.Release();
        base.Dispose();
    }

    private Kernel KernelOf(string program, string name, int batchSize = 1) =>
        KernelOf(program, name, $"-DWIDTH={shapes.Width(batchSize)} -DLANES={shapes.Lanes(batchSize)}");

    internal Kernel KernelOf(string program, string name, string options)
    {
        if (!kernels.TryGetValue((program, name, options), out var kernel))
        {
            kernel = new Kernel(Device, Device.Program(program, KernelSource.Of(program), options), name);
            kernels.Add((program, name, options), kernel);
        }

        return kernel.Begin();
    }

    private DeviceCopy CopyOf<T>(DeviceBuffer<T> buffer)
        where T : unmanaged
    {
        if (buffer.OnDevice is DeviceCopy copy && copy.IsOf(queue))
        {
            return copy;
        }

        if (buffer.IsWindow)
        {
            throw new ArgumentException("A part of another buffer has no copy on a device; allowed: whole buffers", nameof(buffer));
        }

        // Another backend's copy is given up.
        buffer.OnDevice?.BringHome();
        buffer.OnDevice?.Dispose();
        copy = new DeviceCopy(queue, buffer.HostMemory, buffer.Capacity * sizeof(T));
        buffer.OnDevice = copy;
        return copy;
    }

    internal DeviceMemory ToRead<T>(DeviceBuffer<T> buffer)
        where T : unmanaged => CopyOf(buffer).ToRead();

    private DeviceMemory? ToReadIfAny(DeviceBuffer<float>? buffer) => buffer is null ? null : ToRead(buffer);

    /// <param name="overwrites">So many elements at the front are written whatever they were; 0: they are changed.</param>
    internal DeviceMemory ToWrite<T>(DeviceBuffer<T> buffer, long overwrites = 0)
        where T : unmanaged => CopyOf(buffer).ToWrite(overwrites * sizeof(T));

    /// <summary>A buffer's side on the device is in other memory from now on.</summary>
    /// <inheritdoc cref="DeviceCopy.Exchange"/>
    internal DeviceMemory Exchange<T>(DeviceBuffer<T> buffer, DeviceMemory other)
        where T : unmanaged => CopyOf(buffer).Exchange(other);

    private DeviceMemory? ToWriteIfAny(DeviceBuffer<float>? buffer, long overwrites = 0) => buffer is null ? null : ToWrite(buffer, overwrites);

    /// <summary>Memory for the length of an operation. What is queued runs in order, so the next one may have it at once.</summary>
    internal DeviceMemory Scratch(string purpose, long bytes)
    {
        if (scratch.TryGetValue(purpose, out var memory))
        {
            if (memory.Bytes >= bytes)
            {
                return memory;
            }

            memory.Dispose();
            scratch.Remove(purpose);
        }

        memory = new DeviceMemory(Device, bytes);
        scratch.Add(purpose, memory);
        return memory;
    }

    internal DeviceMemory Uploaded<T>(string purpose, ReadOnlySpan<T> items)
        where T : unmanaged
    {
        var memory = Scratch(purpose, (long)items.Length * sizeof(T));
        fixed (T* host = items)
        {
            queue.Upload(host, memory, (long)items.Length * sizeof(T));
        }

        return memory;
    }

    /// <summary>Numbers of the kernels' type <c>wide</c>.</summary>
    private void ReadWide(DeviceMemory memory, Span<double> values)
    {
        fixed (double* host = values)
        {
            queue.Download(memory, host, (long)values.Length * WideBytes);
            for (var index = values.Length - 1; index >= 0 && !Device.HasDouble; index--)
            {
                host[index] = ((float*)host)[index];
            }
        }
    }
}
