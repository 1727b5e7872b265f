using System.Diagnostics;

namespace SparseService.Dashboard.Tests;

/// <summary>The page, built from its sources into the folder that the service under test serves.</summary>
internal static class BuiltPage
{
    private static readonly Lazy<Task<string?>> Build = new(BuildAsync);

    public static string Sources { get; } = Path.Combine(FindRoot(), "src", "Dashboard");

    public static string Output { get; } = Path.Combine(AppContext.BaseDirectory, "wwwroot", "dashboard");

    /// <summary>Builds once per test process; skips the test when this machine has no npm.</summary>
    public static async Task RequireAsync()
    {
        RequireNpm();
        var fault = await Build.Value;
        Assert.True(fault is null, fault);
    }

    public static void RequireNpm() =>
        Assert.SkipWhen(FindProgram("npm") is null, "npm is not installed: the page cannot be built (Debian: apt-get install nodejs npm)");

    public static string? FindProgram(params string[] names) =>
        names.SelectMany(
                name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator),
                (name, folder) => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    /// <returns>Null when it went well, else the output.</returns>
    public static async Task<string?> NpmAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(FindProgram("npm")!, arguments)
        {
            WorkingDirectory = Sources,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? null
            : $"npm {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await output}\n{await errors}";
    }

    private static async Task<string?> BuildAsync()
    {
        // npm writes its own list last: without it an installation was cut off, and a list older than ours lacks what came since.
        var installed = new FileInfo(Path.Combine(Sources, "node_modules", ".package-lock.json"));
        var isInstalled = installed.Exists
            && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(Sources, "package-lock.json"));
        return (isInstalled ? null : await NpmAsync("ci"))
            ?? await NpmAsync("run", "build", "--", "--outDir", Output);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "SparseService.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"No SparseService.sln above {AppContext.BaseDirectory}");
    }
}
