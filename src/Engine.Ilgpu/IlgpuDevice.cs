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

    private static readonly Lazy<IlgpuDevice> Chosen = new(() => Open(Find()));

    private readonly Accelerator accelerator;
    private readonly Dictionary<Type, Delegate> launchers = [];

    private IlgpuDevice(Accelerator accelerator, GroupShape shape) => (this.accelerator, Shape) = (accelerator, shape);

    /// <summary>Whether there is a device to choose without being told to.</summary>
    public static bool IsThere =>
        !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(ChoiceVariable)) || Platform.Value.Devices.Any(IsDevice);

    /// <summary>How its threads are grouped.</summary>
    public GroupShape Shape { get; }

    public long MemoryBytes => accelerator.MemorySize;

    /// <summary>The device to compute on: the one that the environment variable SPARSE_ILGPU_DEVICE names (by number or by a part of
    /// its name), else the first with CUDA, else the first with OpenCL. The processor, hundreds of times slower than <c>simd</c>, only
    /// by name.</summary>
    /// <exception cref="NoDeviceException">There is none; the message says what is missing.</exception>
    public static IlgpuDevice Choose() => Chosen.Value;

    /// <summary>Another accelerator for a device; <paramref name="shape"/> is for tests.</summary>
    public static IlgpuDevice Open(Device device, Context? context = null, GroupShape? shape = null)
    {
        var isLarge = IsDevice(device) && device.MaxNumThreadsPerGroup >= GroupShape.Most;
        return Try(device.Name, "its first use", () => new IlgpuDevice(
            device.CreateAccelerator(context ?? Platform.Value), shape ?? (isLarge ? GroupShape.OfGpu : GroupShape.OfProcessor)));
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

    /// <summary>Runs a kernel with a thread for each row and column, in groups of so many columns. Returns before it has run.</summary>
    public void Launch<TKernel>(TKernel kernel, long rows, int columns = 1, int lanes = 1)
        where TKernel : struct, IKernel
    {
        var height = Shape.Items / lanes;
        var grid = new Index2D(checked((int)((rows + height - 1) / height)), (columns + lanes - 1) / lanes);
        if (grid.X > 0 && grid.Y > 0)
        {
            var config = new KernelConfig(grid, new Index2D(lanes, height));
            Try($"kernel {typeof(TKernel).Name}", () => Launcher<TKernel>()(accelerator.DefaultStream, config, kernel));
        }
    }

    /// <summary>What every kernel is compiled from.</summary>
    internal static void Run<TKernel>(TKernel kernel)
        where TKernel : struct, IKernel => kernel.Execute();

    private static bool IsDevice(Device device) => device.AcceleratorType != AcceleratorType.CPU;

    private static Device Find()
    {
        var all = Platform.Value.Devices;
        var wanted = Environment.GetEnvironmentVariable(ChoiceVariable);
        return !string.IsNullOrEmpty(wanted)
            ? DeviceChoice.Of(ChoiceVariable, wanted, all, device => device.Name)
            : all.FirstOrDefault(IsDevice) ?? throw new NoDeviceException(
                "ILGPU knows no device: there is no driver of CUDA, and none of OpenCL with generic address spaces. Install the driver of"
                + $" your device, or use the backend simd ({ChoiceVariable}=cpu computes on the processor, for tests only)");
    }

    private Action<AcceleratorStream, KernelConfig, TKernel> Launcher<TKernel>()
        where TKernel : struct, IKernel
    {
        lock (launchers)
        {
            launchers.TryGetValue(typeof(TKernel), out var launcher);
            launchers[typeof(TKernel)] = launcher ??= accelerator.LoadKernel<TKernel>(Run<TKernel>);
            return (Action<AcceleratorStream, KernelConfig, TKernel>)launcher;
        }
    }

    private void Try(string doing, Action action) => Try(doing, () =>
    {
        action();
        return true;
    });

    // A context of CUDA belongs to a thread, and any may come.
    private T Try<T>(string doing, Func<T> action) => Try(ToString(), doing, () =>
    {
        accelerator.Bind();
        return action();
    });

    private static T Try<T>(string device, string doing, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception fault) when (IlgpuFault.Of(fault, device, doing) is not null)
        {
            throw IlgpuFault.Of(fault, device, doing)!;
        }
    }
}

internal static class DeviceBytesViews
{
    /// <summary>The first elements that stand in a piece of memory.</summary>
    public static ArrayView<T> First<T>(this DeviceBytes memory, long length)
        where T : unmanaged => memory.View.BaseView.Cast<T>().SubView(0, length);
}
