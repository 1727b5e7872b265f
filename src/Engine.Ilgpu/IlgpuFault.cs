using ILGPU.Backends;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using SparseService.Engine.Gpu;

namespace SparseService.Engine.Ilgpu;

/// <summary>Turns what ILGPU throws into the engine's exceptions, which say what to do.</summary>
internal static class IlgpuFault
{
    // After these a CUDA context answers nothing any more.
    private static readonly string[] EndsContext =
    [
        "ILLEGAL_ADDRESS", "LAUNCH_FAILED", "LAUNCH_TIMEOUT", "HARDWARE_STACK_ERROR", "ILLEGAL_INSTRUCTION", "MISALIGNED_ADDRESS", "ASSERT",
        "ECC_UNCORRECTABLE", "CONTEXT_IS_DESTROYED", "DEVICE_UNAVAILABLE", "DEVICES_UNAVAILABLE", "DEINITIALIZED", "UNKNOWN",
    ];

    /// <returns>Null for what is no fault of a device or of a kernel.</returns>
    public static DeviceException? Of(Exception fault, string device, string doing) => fault switch
    {
        CudaException cuda => OfCuda(cuda.Error, $"{device}, {doing}: {cuda.Error}"),
        CLException openCl => OpenClFault.Of((int)openCl.Error, device, doing, allocates: true),
        OutOfMemoryException => DeviceFault.OutOfMemory($"{device}, {doing}"),
        InternalCompilerException or CapabilityNotSupportedException or InvalidCodeGenerationException or NotSupportedException =>
            new KernelBuildException(
                $"{device}, {doing}: does not build. Use the backend opencl or simd. ILGPU said:\n{Innermost(fault).Message}"),
        AcceleratorException => DeviceFault.Other($"{device}, {doing}: {fault.Message}"),
        _ => null,
    };

    /// <param name="error">Name of a CUDA error.</param>
    /// <param name="what">Device, operation and error.</param>
    internal static DeviceException OfCuda(string error, string what) => error.Replace("CUDA_ERROR_", "", StringComparison.Ordinal) switch
    {
        "OUT_OF_MEMORY" => DeviceFault.OutOfMemory(what),
        var name when EndsContext.Contains(name) => DeviceFault.Lost(what),
        _ => DeviceFault.Other(what),
    };

    private static Exception Innermost(Exception fault) => fault.InnerException is { } inner ? Innermost(inner) : fault;
}
