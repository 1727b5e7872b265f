using SparseService.Persistence.Local;

namespace SparseService.Persistence.Blobs;

/// <summary>
/// Sample stores on this machine's disk, by content hash. Several processes may share the folder: files appear whole, by rename, and
/// the least recently used one that nobody holds makes room.
/// </summary>
/// <param name="limitBytes">Most bytes of all stores together.</param>
public sealed class DatasetCache(BlobStore blobs, string folder, long limitBytes, TimeProvider time)
{
    private const string Extension = ".store";

    /// <summary>Fetches the store if it is not here; it stays until the hold is disposed.</summary>
    /// <exception cref="IOException">It does not fit beside those that are in use.</exception>
    /// <exception cref="InvalidDataException">The stored bytes are damaged.</exception>
    public async Task<DatasetHold> HoldAsync(string hash, long bytes, CancellationToken cancellationToken = default)
    {
        if (hash.Length != 64 || !hash.All(char.IsAsciiHexDigitLower))
        {
            throw new ArgumentException($"hash is {hash}; allowed: 64 lower-case hexadecimal digits", nameof(hash));
        }

        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, hash + Extension);
        using (await LockAsync(cancellationToken))
        {
            if (TryHold(path) is { } hold)
            {
                return hold;
            }

            MakeRoom(bytes);
        }

        var download = Path.Combine(folder, $"{hash}.{Guid.NewGuid():N}.part");
        await blobs.CopyToFileAsync(hash, download, cancellationToken);
        using (await LockAsync(cancellationToken))
        {
            if (TryHold(path) is { } hold)
            {
                File.Delete(download);
                return hold;
            }

            File.Move(download, path);
            return TryHold(path)!;
        }
    }

    private Task<FileLock> LockAsync(CancellationToken cancellationToken) => FileLock.TakeAsync(Path.Combine(folder, "lock"), cancellationToken);

    private DatasetHold? TryHold(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        File.SetLastWriteTimeUtc(path, time.GetUtcNow().UtcDateTime);
        // A shared lock of the operating system, so that other processes see that the file is in use, and so that it ends with ours.
        return new DatasetHold(path, new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read));
    }

    private void MakeRoom(long bytes)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var files = new DirectoryInfo(folder).GetFiles();
        foreach (var abandoned in files.Where(f => f.Extension == ".part" && f.LastWriteTimeUtc < now.AddDays(-1)))
        {
            abandoned.Delete();
        }

        var stores = files.Where(f => f.Extension == Extension).OrderBy(f => f.LastWriteTimeUtc).ToList();
        var used = stores.Sum(f => f.Length);
        foreach (var store in stores)
        {
            if (used + bytes <= limitBytes)
            {
                return;
            }

            var freed = store.Length;
            used -= TryDelete(store) ? freed : 0;
        }

        if (used + bytes > limitBytes)
        {
            throw new IOException($"The dataset cache holds {used} bytes that are in use and cannot take {bytes} more; allowed: {limitBytes} (Worker:CacheBytes)");
        }
    }

    private static bool TryDelete(FileInfo store)
    {
        try
        {
            using var alone = new FileStream(store.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            store.Delete();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
