namespace SparseService.Engine.Parallel.Ranks;

/// <summary>A checkpoint as a file of its own, which several ranks can open.</summary>
internal sealed class CheckpointCopy : IDisposable
{
    private CheckpointCopy(string path) => Path = path;

    public string Path { get; }

    /// <param name="checkpoint">Read from where it stands; null makes null.</param>
    /// <param name="folder">Null = a temporary one.</param>
    public static CheckpointCopy? Of(Stream? checkpoint, string? folder)
    {
        if (checkpoint is null)
        {
            return null;
        }

        var path = System.IO.Path.Combine(folder ?? System.IO.Path.GetTempPath(), $"sparse-{Guid.NewGuid():N}.checkpoint");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        checkpoint.CopyTo(file);
        return new CheckpointCopy(path);
    }

    public FileStream Open() => File.OpenRead(Path);

    public void Dispose() => File.Delete(Path);
}
