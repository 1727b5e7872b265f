using System.Runtime.InteropServices;

namespace SparseService.Engine.Gpu;

/// <summary>What several queues need.</summary>
internal static unsafe partial class OpenCl
{
    [LibraryImport(Library, EntryPoint = "clEnqueueMarkerWithWaitList")]
    public static partial int Marker(nint queue, uint waits, nint* waitFor, nint* done);

    [LibraryImport(Library, EntryPoint = "clEnqueueBarrierWithWaitList")]
    public static partial int Barrier(nint queue, uint waits, nint* waitFor, nint* done);

    [LibraryImport(Library, EntryPoint = "clFlush")]
    public static partial int Flush(nint queue);
}
