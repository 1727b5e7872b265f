namespace SparseService.Engine.Gpu;

/// <summary>One device with the programs built for it, which live as long as the process.</summary>
public sealed partial class GpuDevice
{
    private static readonly Lazy<List<GpuDevice>> Found = new(
        () => [.. OpenClApi.Find().Concat(CudaApi.Find()).Select(api => new GpuDevice(api))]);

    private readonly Dictionary<(string Source, string Options), nint> programs = [];
    private readonly Lock building = new();

    internal GpuDevice(DeviceApi api) => Api = api;

    /// <summary>All devices: those that OpenCL knows, then those that CUDA knows. One that both know is there twice. Empty where neither is
    /// installed. Asked once in a process.</summary>
    public static IReadOnlyList<GpuDevice> All => Found.Value;

    /// <summary>Which interface it is reached through: <c>opencl</c> or <c>cuda</c>, the name of the backend.</summary>
    public string ApiName => Api.Name;

    /// <summary>As its maker calls it.</summary>
    public string Name => Api.Facts.Name;

    /// <summary>Who made the driver.</summary>
    public string Platform => Api.Facts.Platform;

    /// <summary>Version of the driver.</summary>
    public string Driver => Api.Facts.Driver;

    /// <summary>False for a processor that runs OpenCL.</summary>
    public bool IsGpu => Api.Facts.IsGpu;

    public long MemoryBytes => Api.Facts.MemoryBytes;

    /// <summary>A buffer cannot be larger.</summary>
    public long LargestBufferBytes => Api.Facts.LargestBufferBytes;

    /// <summary>Memory that a work-group shares.</summary>
    public long LocalBytes => Api.Facts.LocalBytes;

    public int ComputeUnits => Api.Facts.ComputeUnits;

    /// <summary>Whether transfers are copies within the same memory.</summary>
    public bool SharesHostMemory => Api.Facts.SharesHostMemory;

    /// <summary>Whether it has float64: only reported sums use it.</summary>
    public bool HasDouble => Api.Facts.HasDouble;

    internal DeviceApi Api { get; }

    /// <summary>The device to compute on: the one that the environment variable SPARSE_OPENCL_DEVICE or SPARSE_CUDA_DEVICE names (by number
    /// among the devices of its interface or by a part of its name), else the first GPU, else the first of all.</summary>
    /// <param name="api"><c>opencl</c> or <c>cuda</c>; null takes the one that has a GPU, OpenCL first: see
    /// docs/decisions/0083-ptx-from-the-same-kernels.md.</param>
    /// <exception cref="NoDeviceException">There is none; the message says what is missing.</exception>
    public static GpuDevice Choose(string? api = null)
    {
        var wantedApi = api ?? All.FirstOrDefault(device => device.IsGpu)?.ApiName ?? OpenClApi.ApiName;
        var devices = All.Where(device => device.ApiName == wantedApi).ToList();
        if (devices.Count == 0)
        {
            throw new NoDeviceException(wantedApi == CudaApi.ApiName ? CudaApi.WhatIsMissing : OpenClApi.WhatIsMissing);
        }

        return DeviceChoice.Of($"SPARSE_{wantedApi.ToUpperInvariant()}_DEVICE", devices, device => device.Name)
            ?? devices.FirstOrDefault(device => device.IsGpu) ?? devices[0];
    }

    public override string ToString() => Api.Facts.ToString();

    /// <summary>A program, built when first asked for and kept.</summary>
    /// <param name="name">For messages, and for drivers that do not compile OpenCL C.</param>
    /// <exception cref="KernelBuildException">With the compiler's log.</exception>
    internal nint Program(string name, string source, string options)
    {
        lock (building)
        {
            if (!programs.TryGetValue((source, options), out var program))
            {
                program = Api.BuildProgram(name, source, options);
                programs.Add((source, options), program);
            }

            return program;
        }
    }
}
