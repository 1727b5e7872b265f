using System.Runtime.InteropServices;

namespace SparseService.Engine.Gpu;

/// <summary>What several queues and several devices need.</summary>
internal static unsafe partial class OpenCl
{
    public const uint DevicePlatform = 0x1031;
    public const nint PartitionByCounts = 0x1087;

    [LibraryImport(Library, EntryPoint = "clEnqueueMarkerWithWaitList")]
    public static partial int Marker(nint queue, uint waits, nint* waitFor, nint* done);

    [LibraryImport(Library, EntryPoint = "clEnqueueBarrierWithWaitList")]
    public static partial int Barrier(nint queue, uint waits, nint* waitFor, nint* done);

    [LibraryImport(Library, EntryPoint = "clFlush")]
    public static partial int Flush(nint queue);

    [LibraryImport(Library, EntryPoint = "clCreateSubDevices")]
    public static partial int CreateSubDevices(nint device, nint* properties, uint entries, nint* devices, uint* count);
}
