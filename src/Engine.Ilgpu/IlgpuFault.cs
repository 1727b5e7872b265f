using ILGPU.Backends;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace SparseService.Engine.Ilgpu;

/// <summary>Turns what ILGPU throws into the engine's exceptions, which say what to do.</summary>
internal static class IlgpuFault
{
    public static T Try<T>(string device, string doing, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception fault) when (Of(fault, device, doing) is { } known)
        {
            throw known;
        }
    }

    /// <param name="error">Name of a CUDA error, which is all that ILGPU keeps of it.</param>
    internal static DeviceException OfCuda(string error, string device, string doing) =>
        CudaFault.Of((int)Enum.Parse<CudaError>(error), device, doing);

    /// <returns>Null for what is no fault of a device or of a kernel.</returns>
    private static DeviceException? Of(Exception fault, string device, string doing) => fault switch
    {
        CudaException cuda => OfCuda(cuda.Error, device, doing),
        CLException openCl => OpenClFault.Of((int)openCl.Error, device, doing, allocates: true),
        OutOfMemoryException => DeviceFault.OutOfMemory($"{device}, {doing}"),
        InternalCompilerException or CapabilityNotSupportedException or InvalidCodeGenerationException or NotSupportedException =>
            new KernelBuildException(
                $"{device}, {doing}: does not build. Use the backend opencl or simd. ILGPU said:\n{Innermost(fault).Message}"),
        AcceleratorException => DeviceFault.Other($"{device}, {doing}: {fault.Message}"),
        _ => null,
    };

    private static Exception Innermost(Exception fault) => fault.InnerException is { } inner ? Innermost(inner) : fault;
}
