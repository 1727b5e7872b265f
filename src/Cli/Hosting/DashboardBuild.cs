using SparseService.Cli.Machine;
using SparseService.Persistence.Local;

namespace SparseService.Cli.Hosting;

/// <summary>Builds the web page when its sources changed. The service works without it, so nothing here is a fault.</summary>
internal static class DashboardBuild
{
    /// <remarks>Node.js is installed when it is missing, as Postgres is.</remarks>
    public static async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (Checkout.Root is not { } root)
        {
            return;
        }

        var built = Path.Combine(root, "src", "Api", "wwwroot", "dashboard");
        try
        {
            using var guard = await LockAsync(root, cancellationToken);
            await BuildAsync(root, built, cancellationToken);

            // The service serves the page from beside the program, which was built before the page was.
            Copy(built, Path.Combine(AppContext.BaseDirectory, "wwwroot", "dashboard"));
        }
        catch (Exception fault) when (fault is CliFault or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"The dashboard was not built; the service works without it. {fault.Message.Trim().Split('\n')[^1]}");
        }
    }

    public static string SourcesIn(string root) => Path.Combine(root, "src", "Dashboard");

    /// <summary>Keeps other processes away from the page's packages and its output.</summary>
    public static Task<FileLock> LockAsync(string root, CancellationToken cancellationToken) =>
        FileLock.TakeAsync(Path.Combine(root, "artifacts", "dashboard.lock"), cancellationToken);

    private static async Task BuildAsync(string root, string built, CancellationToken cancellationToken)
    {
        var source = SourcesIn(root);
        if (IsCurrent([source, Path.Combine(root, "deploy", "examples")], built))
        {
            return;
        }

        await Npm.RequireAsync(cancellationToken);
        Console.Error.WriteLine("Building the dashboard …");
        await Npm.InstallAsync(source, cancellationToken);
        Npm.Require(await Npm.RunAsync(source, ["run", "build"], cancellationToken), "npm run build");
    }

    private static bool IsCurrent(IEnumerable<string> folders, string built)
    {
        var page = new FileInfo(Path.Combine(built, "index.html"));
        return page.Exists && folders.SelectMany(Sources).All(file => file.LastWriteTimeUtc <= page.LastWriteTimeUtc);
    }

    private static IEnumerable<FileInfo> Sources(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles().Concat(
            Directory.EnumerateDirectories(folder).Where(child => Path.GetFileName(child) is not "node_modules").SelectMany(Sources));

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
