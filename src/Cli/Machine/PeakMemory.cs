using System.Diagnostics;
using System.Globalization;

namespace SparseService.Cli.Machine;

/// <summary>The most memory that this process has ever held.</summary>
internal static class PeakMemory
{
    /// <summary>Peak resident bytes of the whole process, as the operating system counted them.</summary>
    public static long Bytes()
    {
        // VmHWM is the kernel's own high-water mark; .NET's PeakWorkingSet64 is 0 on some Unix systems.
        if (File.Exists("/proc/self/status"))
        {
            var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            if (line?.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is [_, var kibibytes, "kB"])
            {
                return long.Parse(kibibytes, CultureInfo.InvariantCulture) * 1024;
            }
        }

        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
