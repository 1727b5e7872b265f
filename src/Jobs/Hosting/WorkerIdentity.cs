using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SparseService.Jobs.Events;

namespace SparseService.Jobs.Hosting;

/// <summary>Who this worker process is: host, process number and a random part, as hosts and numbers come back.</summary>
public sealed record WorkerIdentity
{
    public string Name { get; } = string.Create(
        CultureInfo.InvariantCulture, $"{Environment.MachineName}:{Environment.ProcessId}:{RandomNumberGenerator.GetHexString(6, lowercase: true)}");

    public string Version { get; } = typeof(WorkerIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public RunEnvironment EnvironmentOf(string backend, int threads) => new(
        Name, Version, backend, threads, ProcessorName(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, RuntimeInformation.FrameworkDescription,
        RuntimeInformation.OSDescription);

    private static string ProcessorName()
    {
        const string Unknown = "unknown processor";
        const string Processors = "/proc/cpuinfo";
        try
        {
            return !File.Exists(Processors)
                ? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? Unknown
                : File.ReadLines(Processors).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[^1].Trim()
                    ?? Unknown;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Unknown; // A run is not refused because a sandbox hides this.
        }
    }
}
