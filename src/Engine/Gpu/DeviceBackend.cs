using SparseService.Engine.Kernels;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Gpu;

/// <summary>Every operation on a device, through OpenCL or CUDA. What it computes stays there until somebody on the host touches
/// it.</summary>
/// <remarks>Bit-stable from run to run: every number is written by one work-item and every sum has a fixed order.</remarks>
public sealed unsafe partial class DeviceBackend : Backend
{
    // Of the device's memory that a dataset may take.
    private const int StoreShare = 4;

    private readonly DeviceQueue queue;
    private readonly KernelShapes shapes;
    private readonly Dictionary<(string Program, string Kernel, string Options), Kernel> kernels = [];
    private readonly DeviceScratch<DeviceMemory> scratch;
    private readonly DeviceSteps<DeviceMemory> steps;
    private DeviceTopology? topology;

    /// <summary>Names of backends that compute on a device.</summary>
    internal static IReadOnlyList<string> DeviceNames { get; } = [OpenClApi.ApiName, CudaApi.ApiName];

    /// <exception cref="DeviceException">The device does not answer.</exception>
    internal DeviceBackend(GpuDevice device, int threads = 1, KernelShapes? shapes = null, bool? pins = null)
    {
        Device = device;
        Threads = threads;
        queue = new DeviceQueue(device, pins);
        scratch = new DeviceScratch<DeviceMemory>(queue);
        steps = new DeviceSteps<DeviceMemory>(queue, scratch);
        this.shapes = shapes ?? KernelShapes.Of(device);
        MostStoreBytes = Math.Min(device.LargestBufferBytes, device.MemoryBytes / StoreShare);
    }

    /// <summary><c>opencl</c> or <c>cuda</c>, the interface of its device.</summary>
    public override string Name => Device.ApiName;

    public override bool IsDevice => true;

    /// <summary>Where it computes.</summary>
    public GpuDevice Device { get; }

    /// <summary>A dataset of up to so many bytes is sent once and stays; of a larger one each minibatch's rows are sent.</summary>
    internal long MostStoreBytes { get; init; }

    /// <summary>Whether the network comes home to be changed and looked at, as with other backends; the results are the same.</summary>
    internal bool ChangesTopologyOnHost { get; init; }

    internal override TopologyWork Topology => ChangesTopologyOnHost ? base.Topology : topology ??= new DeviceTopology(this);

    internal DeviceQueue Queue => queue;

    internal KernelShapes Shapes => shapes;

    private ArrayCopies<DeviceMemory> Arrays => steps.Arrays;

    private int WideBytes => Device.HasDouble ? sizeof(double) : sizeof(float);

    public override void Dispose()
    {
        foreach (var kernel in kernels.Values)
        {
            kernel.Dispose();
        }

        scratch.Dispose();
        store?.Dispose();
        kernels.Clear();
        queue.Release();
        base.Dispose();
    }

    private Kernel KernelOf(string program, string name, int batchSize = 1) =>
        KernelOf(program, name, shapes.Options(batchSize));

    internal Kernel KernelOf(string program, string name, string options)
    {
        if (!kernels.TryGetValue((program, name, options), out var kernel))
        {
            kernel = new Kernel(Device, Device.Program(program, KernelSource.Of(program), options), name);
            kernels.Add((program, name, options), kernel);
        }

        return kernel.Begin();
    }

    private DeviceCopy<DeviceMemory> CopyOf<T>(DeviceBuffer<T> buffer)
        where T : unmanaged => DeviceCopy<DeviceMemory>.Of(buffer, queue);

    internal DeviceMemory ToRead<T>(DeviceBuffer<T> buffer)
        where T : unmanaged => CopyOf(buffer).ToRead();

    private DeviceMemory? ToReadIfAny(DeviceBuffer<float>? buffer) => buffer is null ? null : ToRead(buffer);

    /// <param name="overwrites">So many elements at the front are written whatever they were; 0: they are changed.</param>
    internal DeviceMemory ToWrite<T>(DeviceBuffer<T> buffer, long overwrites = 0)
        where T : unmanaged => CopyOf(buffer).ToWrite(overwrites * sizeof(T));

    /// <summary>A buffer's side on the device is in other memory from now on.</summary>
    /// <inheritdoc cref="DeviceCopy{TMemory}.Exchange"/>
    internal DeviceMemory Exchange<T>(DeviceBuffer<T> buffer, DeviceMemory other)
        where T : unmanaged => CopyOf(buffer).Exchange(other);

    private DeviceMemory? ToWriteIfAny(DeviceBuffer<float>? buffer, long overwrites = 0) => buffer is null ? null : ToWrite(buffer, overwrites);

    /// <inheritdoc cref="DeviceScratch{TMemory}.Of"/>
    internal DeviceMemory Scratch(string purpose, long bytes) => scratch.Of(purpose, bytes);

    internal DeviceMemory Uploaded<T>(string purpose, ReadOnlySpan<T> items)
        where T : unmanaged => scratch.Uploaded(purpose, items);
}
