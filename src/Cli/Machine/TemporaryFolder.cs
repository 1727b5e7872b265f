namespace SparseService.Cli.Machine;

/// <summary>A folder that disappears with its owner.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sparse-");

    public string Path => folder.FullName;

    public void Dispose() => folder.Delete(recursive: true);
}
