using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SparseService.Engine.Data;
using SparseService.Engine.Training;

namespace SparseService.Cli.Training;

/// <summary>Sample stores made from files on this machine, kept by content: a second start reads none of the files again.</summary>
internal static class DatasetCache
{
    private const long MostBytes = 20L << 30;

    // The files are the user's own: bounded by the disk, not by what a stranger may send.
    private static readonly DatasetLimits Limits = new()
    {
        ExpandedBytes = long.MaxValue,
        ExpansionRatio = int.MaxValue,
        Rows = int.MaxValue,
        Features = 16_000_000,
        StoreBytes = long.MaxValue,
    };

    /// <summary>The sample store of <c>--data</c>, imported when it is new.</summary>
    public static string Find(string path, CancellationToken cancellationToken)
    {
        var (options, files) = DatasetImport.Detect(path);
        var name = KeyOf(options, files, cancellationToken);
        return Find(name, store => DatasetImport.ToStore(
            options, files.ToDictionary(file => file.Key, Opener), store, Limits, cancellationToken));
    }

    /// <summary>The sample store of a generated dataset, generated when it is new.</summary>
    public static string Find(GeneratedDataset generated, CancellationToken cancellationToken) =>
        Find(
            Hash(JsonSerializer.Serialize(generated, RunSpecJson.Options)),
            store => GeneratedDatasets.ToStore(generated, store, cancellationToken));

    private static string Find(string name, Action<string> create)
    {
        var folder = Directory.CreateDirectory(Folder());
        var path = Path.Combine(folder.FullName, $"{name}.store");
        if (File.Exists(path))
        {
            try
            {
                using var store = SampleStore.Open(path);
                File.SetLastAccessTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime);
                return path;
            }
            catch (DatasetFormatException)
            {
                // Written by another version of this program, or damaged: it is only a cache.
                File.Delete(path);
            }
        }

        // Another process may be importing the same data: each writes its own file, the last rename wins, both are right.
        var fresh = Path.Combine(folder.FullName, $"{name}.{Environment.ProcessId}.new");
        create(fresh);
        File.Move(fresh, path, overwrite: true);
        MakeRoom(folder, path);
        return path;
    }

    private static Func<Stream> Opener(KeyValuePair<DatasetFileRole, string> file) => () => File.OpenRead(file.Value);

    private static string KeyOf(
        DatasetImportOptions options, IReadOnlyDictionary<DatasetFileRole, string> files, CancellationToken cancellationToken)
    {
        var key = new StringBuilder(JsonSerializer.Serialize(options, RunSpecJson.Options));
        foreach (var (role, path) in files.OrderBy(file => file.Key))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var stream = File.OpenRead(path);
            key.Append('|').Append(role).Append('=').Append(Convert.ToHexStringLower(SHA256.HashData(stream)));
        }

        return Hash(key.ToString());
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    // Least recently used first; the one just made stays whatever its size.
    private static void MakeRoom(DirectoryInfo folder, string keep)
    {
        var stores = folder.EnumerateFiles("*.store").Where(file => file.FullName != keep)
            .OrderByDescending(file => file.LastAccessTimeUtc);
        var bytes = new FileInfo(keep).Length;
        foreach (var file in stores)
        {
            bytes += file.Length;
            if (bytes > MostBytes)
            {
                file.Delete();
            }
        }
    }

    private static string Folder()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
        {
            cache = OperatingSystem.IsWindows()
                ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        }

        return Path.Combine(cache, "sparse-service", "datasets");
    }
}
