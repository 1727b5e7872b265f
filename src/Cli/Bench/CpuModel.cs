using System.Runtime.Intrinsics;
using System.Text.RegularExpressions;

namespace SparseService.Cli.Bench;

/// <summary>What the measured numbers belong to.</summary>
internal static partial class CpuModel
{
    /// <summary>As the system calls it, with the family where the name alone is too general.</summary>
    public static string Name { get; } = ReadName();

    /// <summary>Name of the folder under <c>benchmarks/results</c>.</summary>
    public static string Folder { get; } = NotInNames().Replace(Name.ToLowerInvariant(), "-").Trim('-');

    /// <summary>Of the largest cache; 8 MiB where the system does not tell.</summary>
    public static long LastLevelCacheBytes { get; } = ReadLastLevelCache();

    public static bool HasAvx512 => Vector512.IsHardwareAccelerated;

    private static long ReadLastLevelCache()
    {
        const string Caches = "/sys/devices/system/cpu/cpu0/cache";
        var sizes = Directory.Exists(Caches)
            ? Directory.GetDirectories(Caches, "index*").Select(index => Path.Combine(index, "size")).Where(File.Exists)
                .Select(file => File.ReadAllText(file).Trim()).Where(size => size.EndsWith('K'))
                .Select(size => long.TryParse(size[..^1], out var kibibytes) ? kibibytes << 10 : 0)
            : [];
        return Math.Max(8 << 20, sizes.DefaultIfEmpty().Max());
    }

    private static string ReadName()
    {
        if (!File.Exists("/proc/cpuinfo"))
        {
            return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unknown processor";
        }

        var fields = File.ReadLines("/proc/cpuinfo").TakeWhile(line => line.Length > 0).Select(line => line.Split(':', 2))
            .Where(parts => parts.Length == 2).ToDictionary(parts => parts[0].Trim(), parts => parts[1].Trim());
        return $"{fields.GetValueOrDefault("model name", "unknown processor")} family {fields.GetValueOrDefault("cpu family", "unknown")}";
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotInNames();
}
