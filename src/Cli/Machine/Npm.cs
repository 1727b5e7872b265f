namespace SparseService.Cli.Machine;

/// <summary>The package tool of Node.js, for the dashboard's build and tests.</summary>
internal static class Npm
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Installs Node.js when it is missing.</summary>
    /// <exception cref="CliFault">There is no Node.js, and it cannot be installed.</exception>
    public static Task RequireAsync(CancellationToken cancellationToken) =>
        SystemPackages.RequireAsync(
            "Node.js (for the dashboard)", IsThere, ["nodejs", "npm"], "Install Node.js 18 or later, with npm: https://nodejs.org",
            cancellationToken);

    /// <summary>Brings a folder's packages to what its lock file says.</summary>
    public static async Task InstallAsync(string folder, CancellationToken cancellationToken)
    {
        // npm writes this file last: without it an installation was cut off.
        var done = new FileInfo(Path.Combine(folder, "node_modules", ".package-lock.json"));
        if (!done.Exists || done.LastWriteTimeUtc < File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
        {
            Require(await RunAsync(folder, ["ci", "--no-audit", "--no-fund"], cancellationToken), "npm ci");
        }
    }

    public static Task<ChildProcess> RunAsync(string folder, string[] arguments, CancellationToken cancellationToken) =>
        ChildProcess.RunAsync(ChildProcess.Find("npm")!, arguments, cancellationToken, folder, limit: Limit);

    /// <exception cref="CliFault">The command failed.</exception>
    public static void Require(ChildProcess npm, string command)
    {
        if (!npm.Succeeded)
        {
            var error = npm.Output.Split('\n').FirstOrDefault(line => line.Contains("error", StringComparison.OrdinalIgnoreCase));
            throw new CliFault($"{command} failed: {error ?? npm.Tail(1)}");
        }
    }

    private static bool IsThere() => ChildProcess.Find("node") is not null && ChildProcess.Find("npm") is not null;
}
