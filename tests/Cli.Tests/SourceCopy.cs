namespace SparseService.Cli.Tests;

/// <summary>What a fresh clone holds, in a folder whose name has blanks; gone with the test.</summary>
internal sealed class SourceCopy : IDisposable
{
    private static readonly string[] NotInClone =
        ["artifacts", "node_modules", "dashboard", ".git", ".sparse", ".vs", ".idea", "shared", "tests"];

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sparse-cli-");

    public SourceCopy()
    {
        Root = Path.Combine(folder.FullName, "a path with blanks");
        Copy(new DirectoryInfo(Origin), Root);
    }

    public static string Origin { get; } = FindOrigin();

    public string Root { get; }

    /// <summary>A folder beside the sources.</summary>
    public string this[string name] => Path.Combine(folder.FullName, name);

    /// <summary>Lets every user walk to the copy.</summary>
    public void Open() => Assert.Equal(0, Started.Run("chmod", "-R", "a+rX", folder.FullName).ExitCode);

    public void Dispose() => folder.Delete(recursive: true);

    private static void Copy(DirectoryInfo from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in from.EnumerateFiles())
        {
            file.CopyTo(Path.Combine(to, file.Name));
        }

        foreach (var child in from.EnumerateDirectories().Where(child => !NotInClone.Contains(child.Name)))
        {
            Copy(child, Path.Combine(to, child.Name));
        }
    }

    private static string FindOrigin()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "SparseService.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException($"No SparseService.sln above {AppContext.BaseDirectory}");
        }

        return folder.FullName;
    }
}
