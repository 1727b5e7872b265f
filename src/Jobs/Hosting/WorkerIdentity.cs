using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;

namespace SparseService.Jobs.Hosting;

/// <summary>Who this worker process is: host, process number and a random part, as hosts and numbers come back.</summary>
public sealed record WorkerIdentity
{
    public string Name { get; } = string.Create(
        CultureInfo.InvariantCulture, $"{Environment.MachineName}:{Environment.ProcessId}:{RandomNumberGenerator.GetHexString(6, lowercase: true)}");

    public string Version { get; } = typeof(WorkerIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}
