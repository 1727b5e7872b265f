using System.Runtime.InteropServices;

namespace SparseService.Engine.Gpu;

/// <summary>The functions of OpenCL 1.2 that are used, and nothing more.</summary>
internal static unsafe partial class OpenCl
{
    public const uint PlatformName = 0x0902;
    public const uint PlatformVersion = 0x0901;
    public const uint DeviceType = 0x1000;
    public const uint DeviceMaxComputeUnits = 0x1002;
    public const uint DeviceMaxWorkGroupSize = 0x1004;
    public const uint DeviceMaxMemAllocSize = 0x1010;
    public const uint DeviceSingleFpConfig = 0x101B;
    public const uint DeviceGlobalMemSize = 0x101F;
    public const uint DeviceLocalMemSize = 0x1023;
    public const uint DeviceName = 0x102B;
    public const uint DeviceDriverVersion = 0x102D;
    public const uint DeviceExtensions = 0x1030;
    public const uint DeviceHostUnifiedMemory = 0x1035;
    public const uint ProgramBuildLog = 0x1183;
    public const uint KernelWorkGroupSize = 0x11B0;

    public const ulong TypeGpu = 1 << 2;
    public const ulong TypeAll = 0xFFFFFFFF;
    public const ulong MemReadWrite = 1 << 0;
    public const ulong MemAllocHostPointer = 1 << 4;
    public const ulong MapRead = 1 << 0;
    public const ulong MapWrite = 1 << 1;
    public const ulong CorrectlyRoundedDivideSqrt = 1 << 7;

    internal const string Library = "OpenCL";

    /// <summary>File name of the loader on this system.</summary>
    public static string LibraryName => OperatingSystem.IsWindows()
        ? "OpenCL.dll"
        : OperatingSystem.IsMacOS() ? "/System/Library/Frameworks/OpenCL.framework/OpenCL" : "libOpenCL.so.1";

    /// <summary>Whether the loader is installed. It may still know no device.</summary>
    public static bool IsInstalled => NativeLibrary.TryLoad(LibraryName, out _);

    [LibraryImport(Library, EntryPoint = "clGetPlatformIDs")]
    public static partial int GetPlatforms(uint entries, nint* platforms, uint* count);

    [LibraryImport(Library, EntryPoint = "clGetPlatformInfo")]
    public static partial int GetPlatformInfo(nint platform, uint name, nuint size, void* value, nuint* sizeNeeded);

    [LibraryImport(Library, EntryPoint = "clGetDeviceIDs")]
    public static partial int GetDevices(nint platform, ulong type, uint entries, nint* devices, uint* count);

    [LibraryImport(Library, EntryPoint = "clGetDeviceInfo")]
    public static partial int GetDeviceInfo(nint device, uint name, nuint size, void* value, nuint* sizeNeeded);

    [LibraryImport(Library, EntryPoint = "clCreateContext")]
    public static partial nint CreateContext(nint* properties, uint count, nint* devices, nint notify, nint user, out int error);

    [LibraryImport(Library, EntryPoint = "clCreateCommandQueue")]
    public static partial nint CreateQueue(nint context, nint device, ulong properties, out int error);

    [LibraryImport(Library, EntryPoint = "clReleaseCommandQueue")]
    public static partial int ReleaseQueue(nint queue);

    [LibraryImport(Library, EntryPoint = "clCreateBuffer")]
    public static partial nint CreateBuffer(nint context, ulong flags, nuint bytes, void* host, out int error);

    [LibraryImport(Library, EntryPoint = "clReleaseMemObject")]
    public static partial int ReleaseMemory(nint memory);

    [LibraryImport(Library, EntryPoint = "clCreateProgramWithSource")]
    public static partial nint CreateProgram(nint context, uint count, byte** sources, nuint* lengths, out int error);

    [LibraryImport(Library, EntryPoint = "clBuildProgram")]
    public static partial int BuildProgram(nint program, uint count, nint* devices, byte* options, nint notify, nint user);

    [LibraryImport(Library, EntryPoint = "clGetProgramBuildInfo")]
    public static partial int GetBuildInfo(nint program, nint device, uint name, nuint size, void* value, nuint* sizeNeeded);

    [LibraryImport(Library, EntryPoint = "clReleaseProgram")]
    public static partial int ReleaseProgram(nint program);

    [LibraryImport(Library, EntryPoint = "clCreateKernel", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint CreateKernel(nint program, string name, out int error);

    [LibraryImport(Library, EntryPoint = "clReleaseKernel")]
    public static partial int ReleaseKernel(nint kernel);

    [LibraryImport(Library, EntryPoint = "clSetKernelArg")]
    public static partial int SetArgument(nint kernel, uint index, nuint size, void* value);

    [LibraryImport(Library, EntryPoint = "clGetKernelWorkGroupInfo")]
    public static partial int GetWorkGroupInfo(nint kernel, nint device, uint name, nuint size, void* value, nuint* sizeNeeded);

    [LibraryImport(Library, EntryPoint = "clEnqueueNDRangeKernel")]
    public static partial int Run(
        nint queue, nint kernel, uint dimensions, nuint* offset, nuint* global, nuint* local, uint waits, nint* waitFor, nint* done);

    [LibraryImport(Library, EntryPoint = "clEnqueueReadBuffer")]
    public static partial int Read(
        nint queue, nint memory, uint blocking, nuint offset, nuint bytes, void* host, uint waits, nint* waitFor, nint* done);

    [LibraryImport(Library, EntryPoint = "clEnqueueWriteBuffer")]
    public static partial int Write(
        nint queue, nint memory, uint blocking, nuint offset, nuint bytes, void* host, uint waits, nint* waitFor, nint* done);

    [LibraryImport(Library, EntryPoint = "clEnqueueFillBuffer")]
    public static partial int Fill(
        nint queue, nint memory, void* pattern, nuint patternBytes, nuint offset, nuint bytes, uint waits, nint* waitFor, nint* done);

    [LibraryImport(Library, EntryPoint = "clEnqueueMapBuffer")]
    public static partial void* Map(
        nint queue, nint memory, uint blocking, ulong flags, nuint offset, nuint bytes, uint waits, nint* waitFor, nint* done, out int error);

    [LibraryImport(Library, EntryPoint = "clEnqueueUnmapMemObject")]
    public static partial int Unmap(nint queue, nint memory, void* mapped, uint waits, nint* waitFor, nint* done);

    [LibraryImport(Library, EntryPoint = "clWaitForEvents")]
    public static partial int Wait(uint count, nint* events);

    [LibraryImport(Library, EntryPoint = "clReleaseEvent")]
    public static partial int ReleaseEvent(nint done);

    [LibraryImport(Library, EntryPoint = "clFinish")]
    public static partial int Finish(nint queue);
}
