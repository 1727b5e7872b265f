using System.Runtime.InteropServices;

namespace SparseService.Engine.Kernels;

/// <summary>
/// Asks the system for large pages under a large buffer: a gather over a gigabyte of 4 KiB pages misses the address cache at nearly every
/// connection. Linux grants them on request (transparent huge pages, setting "madvise"); elsewhere, or where they are switched off, nothing
/// happens.
/// </summary>
internal static unsafe partial class HugePages
{
    /// <summary>Buffers from this size on are worth it: at most a fourth of the last page can be left over.</summary>
    public const long SmallestBytes = 4 << 20;

    /// <summary>Size and alignment of a large page on x86-64 and, with 4 KiB base pages, on Arm.</summary>
    public const int PageBytes = 2 << 20;

    private const int AdviseHugePage = 14; // MADV_HUGEPAGE of <sys/mman.h>

    /// <param name="start">Aligned to <see cref="PageBytes"/>.</param>
    public static void Advise(void* start, long bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // The answer does not matter: without large pages the buffer is as good as before.
        try
        {
            _ = MemoryAdvise(start, (nuint)bytes, AdviseHugePage);
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException)
        {
            return;
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MemoryAdvise(void* start, nuint bytes, int advice);
}
