using ILGPU.IR;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace SparseService.Engine.Ilgpu;

/// <summary>One accelerator with the kernels that were loaded on it, which live as long as the process.</summary>
internal sealed unsafe class IlgpuDevice : IDeviceLink<DeviceBytes>
{
    private const string ChoiceVariable = "SPARSE_ILGPU_DEVICE";

    private static readonly Lazy<Context> Platform = new(() => Context.Create(builder =>
    {
        builder.CPU(new CPUDevice(numThreadsPerWarp: 2, numWarpsPerMultiprocessor: 1, numMultiprocessors: 1)).Cuda().OpenCL();
        Fused.Register(builder.GetIntrinsicManager());
    }));

    private static readonly Lazy<IlgpuDevice> Chosen = new(() => Open(
        DeviceChoice.Of<Device>(ChoiceVariable, Platform.Value.Devices, device => device.Name)
        ?? Platform.Value.Devices.FirstOrDefault(IsDevice) ?? throw new NoDeviceException(
            "ILGPU knows no device: there is no driver of CUDA, and none of OpenCL with generic address spaces. Install the driver of"
            + $" your device, or use the backend simd ({ChoiceVariable}=cpu computes on the processor, for tests only)")));

    private readonly Accelerator accelerator;
    private readonly Dictionary<Type, Delegate> launchers = [];

    private IlgpuDevice(Accelerator accelerator, KernelShapes shapes) => (this.accelerator, Shapes) = (accelerator, shapes);

    /// <summary>Whether there is a device to choose without being told to.</summary>
    public static bool IsThere =>
        !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(ChoiceVariable)) || Platform.Value.Devices.Any(IsDevice);

    /// <summary>How its threads are grouped.</summary>
    public KernelShapes Shapes { get; }

    public long MemoryBytes => accelerator.MemorySize;

    /// <summary>The device to compute on: the one that the environment variable SPARSE_ILGPU_DEVICE names (by number or by a part of
    /// its name), else the first with CUDA, else the first with OpenCL. The processor, hundreds of times slower than <c>simd</c>, only
    /// by name.</summary>
    /// <exception cref="NoDeviceException">There is none; the message says what is missing.</exception>
    public static IlgpuDevice Choose() => Chosen.Value;

    /// <summary>Another accelerator for a device; <paramref name="shapes"/> are for tests.</summary>
    public static IlgpuDevice Open(Device device, Context? context = null, KernelShapes? shapes = null)
    {
        // A barrier of ILGPU's processor accelerator costs thousands of multiplications: there each thread is alone.
        var isLarge = IsDevice(device) && device.MaxNumThreadsPerGroup >= Sum.MostItems;
        shapes ??= isLarge ? new KernelShapes(1, MostLanes: 32, Sum.MostItems) : new KernelShapes(1, MostLanes: 1, GroupItems: 1);
        return IlgpuFault.Try(
            device.Name, "its first use", () => new IlgpuDevice(device.CreateAccelerator(context ?? Platform.Value), shapes));
    }

    public override string ToString() => $"{accelerator.Name} ({accelerator.AcceleratorType} by ILGPU)";

    public DeviceBytes Allocate(long bytes)
    {
        var doing = $"a buffer of {bytes:N0} bytes (the device has {MemoryBytes:N0})";
        return Try(doing, () => accelerator.Allocate1D<byte>(Math.Max(bytes, sizeof(long)))); // There are no buffers of 0 bytes.
    }

    public void Upload(void* host, DeviceBytes memory, long bytes) => Try($"a transfer of {bytes:N0} bytes to the device", () =>
        memory.First<byte>(bytes).CopyFromCPU<byte, ArrayView<byte>>(accelerator.DefaultStream, ref *(byte*)host, bytes));

    public void Download(DeviceBytes memory, void* host, long bytes) => Try($"a transfer of {bytes:N0} bytes from the device", () =>
        memory.First<byte>(bytes).CopyToCPU<byte, ArrayView<byte>>(accelerator.DefaultStream, ref *(byte*)host, bytes));

    /// <summary>The device's side of a buffer, as new as the host's; empty for none.</summary>
    public ArrayView<T> ToRead<T>(DeviceBuffer<T>? buffer)
        where T : unmanaged => buffer is null ? default : DeviceCopy<DeviceBytes>.Of(buffer, this).ToRead().First<T>(buffer.Length);

    /// <summary>The device's side of a buffer, which is about to become newer than the host's; empty for none.</summary>
    /// <param name="overwrites">So many elements at the front are written whatever they were; 0: they are changed.</param>
    public ArrayView<T> ToWrite<T>(DeviceBuffer<T>? buffer, long overwrites = 0)
        where T : unmanaged => buffer is null ? default
            : DeviceCopy<DeviceBytes>.Of(buffer, this).ToWrite(overwrites * sizeof(T)).First<T>(buffer.Length);

    /// <summary>Runs a kernel with a thread for each row and column, in groups of so many columns. Returns before it has run.</summary>
    public void Launch<TKernel>(TKernel kernel, long rows, int columns = 1, int lanes = 1)
        where TKernel : struct, IKernel
    {
        var height = Shapes.GroupItems / lanes;
        var grid = new Index2D(checked((int)((rows + height - 1) / height)), (columns + lanes - 1) / lanes);
        if (grid.X > 0 && grid.Y > 0)
        {
            var config = new KernelConfig(grid, new Index2D(lanes, height));
            Try($"kernel {typeof(TKernel).Name}", () => Launcher<TKernel>()(accelerator.DefaultStream, config, kernel, rows, columns));
        }
    }

    /// <summary>What every kernel is compiled from.</summary>
    internal static void Run<TKernel>(TKernel kernel, long rows, int columns)
        where TKernel : struct, IKernel
    {
        var row = ((long)Grid.IdxX * Group.DimY) + Group.IdxY;
        var column = (Grid.IdxY * Group.DimX) + Group.IdxX;
        if (row < rows && column < columns)
        {
            kernel.Execute(row, column);
        }
    }

    private static bool IsDevice(Device device) => device.AcceleratorType != AcceleratorType.CPU;

    private Action<AcceleratorStream, KernelConfig, TKernel, long, int> Launcher<TKernel>()
        where TKernel : struct, IKernel
    {
        lock (launchers)
        {
            launchers.TryGetValue(typeof(TKernel), out var launcher);
            launchers[typeof(TKernel)] = launcher ??= accelerator.LoadKernel<TKernel, long, int>(Run);
            return (Action<AcceleratorStream, KernelConfig, TKernel, long, int>)launcher;
        }
    }

    private void Try(string doing, Action action) => Try(doing, () =>
    {
        action();
        return true;
    });

    // A context of CUDA belongs to a thread, and any may come.
    private T Try<T>(string doing, Func<T> action) => IlgpuFault.Try(ToString(), doing, () =>
    {
        accelerator.Bind();
        return action();
    });
}

internal static class DeviceBytesViews
{
    /// <summary>The first elements that stand in a piece of memory.</summary>
    public static ArrayView<T> First<T>(this DeviceBytes memory, long length)
        where T : unmanaged => memory.View.BaseView.Cast<T>().SubView(0, length);
}
