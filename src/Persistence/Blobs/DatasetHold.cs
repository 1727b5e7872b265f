namespace SparseService.Persistence.Blobs;

/// <summary>A sample store that stays in the cache until this is disposed.</summary>
public sealed class DatasetHold : IDisposable
{
    private readonly FileStream handle;

    internal DatasetHold(string path, FileStream handle)
    {
        Path = path;
        this.handle = handle;
    }

    public string Path { get; }

    public void Dispose() => handle.Dispose();
}
