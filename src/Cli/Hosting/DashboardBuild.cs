using SparseService.Cli.Machine;

namespace SparseService.Cli.Hosting;

/// <summary>Builds the web page when its sources changed. The service works without it, so nothing here is a fault.</summary>
internal static class DashboardBuild
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <param name="mayInstall">Whether Node.js may be installed for it.</param>
    public static async Task EnsureAsync(bool mayInstall, CancellationToken cancellationToken)
    {
        if (Checkout.Root is not { } root)
        {
            return;
        }

        var source = Path.Combine(root, "src", "Dashboard");
        var built = Path.Combine(root, "src", "Api", "wwwroot", "dashboard");
        try
        {
            if (!IsCurrent(source, built))
            {
                await RequireNodeAsync(mayInstall, cancellationToken);
                Console.Error.WriteLine("Building the dashboard …");
                await InstallAsync(source, cancellationToken);
                Require(await NpmAsync(source, ["run", "build"], cancellationToken), "npm run build");
            }

            // The service serves the page from beside the program, which was built before the page was.
            Copy(built, Path.Combine(AppContext.BaseDirectory, "wwwroot", "dashboard"));
        }
        catch (Exception fault) when (fault is CliFault or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"The dashboard was not built; the service works without it. {fault.Message.Trim().Split('\n')[^1]}");
        }
    }

    private static bool IsCurrent(string source, string built)
    {
        var page = new FileInfo(Path.Combine(built, "index.html"));
        return page.Exists && Sources(source).All(file => file.LastWriteTimeUtc <= page.LastWriteTimeUtc);
    }

    private static IEnumerable<FileInfo> Sources(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles().Concat(
            Directory.EnumerateDirectories(folder).Where(child => Path.GetFileName(child) is not "node_modules").SelectMany(Sources));

    private static async Task RequireNodeAsync(bool mayInstall, CancellationToken cancellationToken)
    {
        if (mayInstall)
        {
            await SystemPackages.RequireAsync(
                "Node.js (for the dashboard)", HasNode, ["nodejs", "npm"], "Node.js 18 or later would build it: https://nodejs.org",
                cancellationToken);
        }
        else if (!HasNode())
        {
            throw new CliFault("Node.js 18 or later, with npm, would build it: https://nodejs.org");
        }
    }

    private static bool HasNode() => ChildProcess.Find("node") is not null && ChildProcess.Find("npm") is not null;

    private static async Task InstallAsync(string folder, CancellationToken cancellationToken)
    {
        // Some npm versions find a lock file of another one incomplete; package.json pins the same versions.
        if (!(await NpmAsync(folder, ["ci", "--no-audit", "--no-fund"], cancellationToken)).Succeeded)
        {
            Require(await NpmAsync(folder, ["install", "--no-package-lock", "--no-audit", "--no-fund"], cancellationToken), "npm install");
        }
    }

    private static Task<ChildProcess> NpmAsync(string folder, string[] arguments, CancellationToken cancellationToken) =>
        ChildProcess.RunAsync(ChildProcess.Find("npm")!, arguments, cancellationToken, folder, limit: Limit);

    private static void Require(ChildProcess npm, string command)
    {
        if (!npm.Succeeded)
        {
            var error = npm.Output.Split('\n').LastOrDefault(line => line.Contains("error", StringComparison.OrdinalIgnoreCase));
            throw new CliFault($"{command} failed: {error ?? npm.Tail(1)}");
        }
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            if (!File.Exists(target) || File.GetLastWriteTimeUtc(target) != File.GetLastWriteTimeUtc(file))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target, overwrite: true);
            }
        }
    }
}
