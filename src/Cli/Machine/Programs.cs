namespace SparseService.Cli.Machine;

/// <summary>Where the programs are that this one calls.</summary>
internal static class Programs
{
    /// <summary>The dotnet that the entry script found, else the one in PATH.</summary>
    public static string Dotnet { get; } = Environment.GetEnvironmentVariable("SPARSE_DOTNET") is { Length: > 0 } path ? path : "dotnet";

    // Debian keeps the server's programs out of PATH, a folder per version.
    public static bool HasPostgres() =>
        ChildProcess.Find("initdb") is not null
        || (Directory.Exists("/usr/lib/postgresql")
            && Directory.EnumerateDirectories("/usr/lib/postgresql").Any(version => File.Exists(Path.Combine(version, "bin", "initdb"))));

    public static bool HasMpi() => ChildProcess.Find("mpirun") is not null;

    // Drivers are no programs: each leaves a file that names its library.
    public static bool HasPocl() => File.Exists("/etc/OpenCL/vendors/pocl.icd");

    public static bool HasOclgrind() => ChildProcess.Find("oclgrind") is not null;

    public static bool HasChromium() =>
        ChildProcess.Find("chromium") is not null || ChildProcess.Find("chromium-browser") is not null
        || ChildProcess.Find("google-chrome") is not null;
}
