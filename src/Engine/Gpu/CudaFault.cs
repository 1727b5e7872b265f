using System.Runtime.InteropServices;

namespace SparseService.Engine.Gpu;

/// <summary>Turns a code of CUDA's driver into an exception that says what to do.</summary>
internal static unsafe class CudaFault
{
    private const int OutOfMemory = 2;
    private const int Deinitialized = 4;
    private const int DeviceUnavailable = 46;
    private const int InvalidImage = 200;
    private const int InvalidContext = 201;
    private const int NoBinaryForGpu = 209;
    private const int EccUncorrectable = 214;
    private const int InvalidPtx = 218;
    private const int NvlinkUncorrectable = 220;
    private const int JitCompilerNotFound = 221;
    private const int UnsupportedPtxVersion = 222;
    private const int JitCompilationDisabled = 223;
    private const int InvalidSource = 300;
    private const int NotFound = 500;
    private const int IllegalAddress = 700;
    private const int LaunchTimeout = 702;
    private const int ContextIsDestroyed = 709;
    private const int Assert = 710;
    private const int HardwareStackError = 714;
    private const int IllegalInstruction = 715;
    private const int MisalignedAddress = 716;
    private const int InvalidAddressSpace = 717;
    private const int InvalidPc = 718;
    private const int LaunchFailed = 719;
    private const int Unknown = 999;

    // The driver knows all names; these are for messages where it is not there to be asked.
    private static readonly Dictionary<int, string> Names = new()
    {
        [1] = "CUDA_ERROR_INVALID_VALUE",
        [OutOfMemory] = "CUDA_ERROR_OUT_OF_MEMORY",
        [3] = "CUDA_ERROR_NOT_INITIALIZED",
        [34] = "CUDA_ERROR_STUB_LIBRARY",
        [DeviceUnavailable] = "CUDA_ERROR_DEVICE_UNAVAILABLE",
        [100] = "CUDA_ERROR_NO_DEVICE",
        [InvalidContext] = "CUDA_ERROR_INVALID_CONTEXT",
        [NoBinaryForGpu] = "CUDA_ERROR_NO_BINARY_FOR_GPU",
        [EccUncorrectable] = "CUDA_ERROR_ECC_UNCORRECTABLE",
        [InvalidPtx] = "CUDA_ERROR_INVALID_PTX",
        [UnsupportedPtxVersion] = "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
        [NotFound] = "CUDA_ERROR_NOT_FOUND",
        [IllegalAddress] = "CUDA_ERROR_ILLEGAL_ADDRESS",
        [701] = "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
        [LaunchTimeout] = "CUDA_ERROR_LAUNCH_TIMEOUT",
        [MisalignedAddress] = "CUDA_ERROR_MISALIGNED_ADDRESS",
        [LaunchFailed] = "CUDA_ERROR_LAUNCH_FAILED",
        [803] = "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
        [Unknown] = "CUDA_ERROR_UNKNOWN",
    };

    /// <param name="device">Name of the device.</param>
    /// <param name="doing">What was asked for, e.g. <c>kernel sparse_forward</c>.</param>
    /// <remarks>Codes of kernels arrive with any later call: "doing" is then what came after the fault.</remarks>
    public static DeviceException Of(int code, string device, string doing)
    {
        var what = $"{device}, {doing}: {NameOf(code)} ({code})";
        return code switch
        {
            OutOfMemory => DeviceFault.OutOfMemory(what),
            Deinitialized or DeviceUnavailable or InvalidContext or EccUncorrectable or NvlinkUncorrectable or IllegalAddress
                or LaunchTimeout or ContextIsDestroyed or Assert or HardwareStackError or IllegalInstruction or MisalignedAddress or InvalidAddressSpace
                or InvalidPc or LaunchFailed or Unknown => DeviceFault.Lost(what),
            InvalidImage or NoBinaryForGpu or InvalidPtx or JitCompilerNotFound or UnsupportedPtxVersion or JitCompilationDisabled
                or InvalidSource or NotFound => Build(what, log: ""),
            _ => DeviceFault.Other(what),
        };
    }

    /// <param name="log">What the driver's compiler of PTX said.</param>
    public static KernelBuildException Build(string what, string log) => new(
        $"{what}. Update NVIDIA's driver (of 2022 or later, and a GPU of compute capability 7.0 or later), or use the backend opencl or"
        + $" simd.{(log.Length > 0 ? $" Its compiler said:\n{log}" : "")}");

    public static void Check(int code, string device, string doing)
    {
        if (code != Cuda.Success)
        {
            throw Of(code, device, doing);
        }
    }

    public static string NameOf(int code)
    {
        if (Names.TryGetValue(code, out var known))
        {
            return known;
        }

        byte* name = null;
        return Cuda.IsInstalled && Cuda.GetErrorName(code, &name) == Cuda.Success ? Marshal.PtrToStringUTF8((nint)name)! : "CUDA error";
    }
}
