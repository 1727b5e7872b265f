using SparseService.Cli.Machine;

namespace SparseService.Cli.Hosting;

/// <summary>Where a service on this machine keeps its database and caches.</summary>
internal sealed class DataFolder
{
    private DataFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>Of the private Postgres.</summary>
    public string Postgres => System.IO.Path.Combine(Path, "postgres");

    /// <summary>Of the worker's sample stores.</summary>
    public string Cache => System.IO.Path.Combine(Path, "cache");

    /// <param name="given">From <c>--data-dir</c>; null = <c>.sparse</c> in the checkout, else the user's own data folder.</param>
    /// <remarks>Nothing is made yet: beside a database elsewhere a container's read-only disk is enough.</remarks>
    public static DataFolder At(string? given) => new(System.IO.Path.GetFullPath(given ?? Default()));

    /// <exception cref="CliFault">The folder cannot be made.</exception>
    public void Make()
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(Path);
            }
            else
            {
                // Others may walk through, not look: started by root, Postgres runs as a user of its own.
                const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
                Directory.CreateDirectory(Path, Owner | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CliFault($"The data folder {Path} cannot be made: {fault.Message} Name another with --data-dir.", ExitCode.BadInput);
        }
    }

    /// <summary>A small file that only this user may read.</summary>
    public void WriteSecret(string name, string text)
    {
        Make();
        var path = System.IO.Path.Combine(Path, name);
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(path, options);
        writer.Write(text);
    }

    public string? Read(string name)
    {
        var path = System.IO.Path.Combine(Path, name);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }

    private static string Default() =>
        Checkout.Root is { } root
            ? System.IO.Path.Combine(root, ".sparse")
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "sparse-service");
}
