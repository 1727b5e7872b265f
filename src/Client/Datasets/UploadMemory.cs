using System.Security.Cryptography;
using System.Text;
using SparseService.Client.Connection;

namespace SparseService.Client.Datasets;

/// <summary>Remembers uploads that are not used yet, so that a push which was cut off goes on. Small files, one for each.</summary>
internal static class UploadMemory
{
    private static readonly TimeSpan Forgotten = TimeSpan.FromDays(7);

    private static string Folder => Path.Combine(Profiles.Folder, "uploads");

    /// <summary>The upload of this content to this service, if one was begun.</summary>
    public static string? Recall(string url, string fileName, string sha256)
    {
        var path = PathOf(url, fileName, sha256);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }

    public static void Remember(string url, string fileName, string sha256, Guid upload)
    {
        Profiles.MakeFolder(Folder);
        foreach (var old in new DirectoryInfo(Folder).EnumerateFiles()
            .Where(file => TimeProvider.System.GetUtcNow() - file.LastWriteTimeUtc > Forgotten))
        {
            old.Delete();
        }

        File.WriteAllText(PathOf(url, fileName, sha256), upload.ToString());
    }

    /// <summary>The uploads have become a dataset.</summary>
    public static void Forget(IEnumerable<string> uploads)
    {
        var done = uploads.ToHashSet();
        foreach (var file in Directory.Exists(Folder) ? Directory.GetFiles(Folder) : [])
        {
            if (done.Contains(File.ReadAllText(file).Trim()))
            {
                File.Delete(file);
            }
        }
    }

    private static string PathOf(string url, string fileName, string sha256) => Path.Combine(
        Folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{url}\n{fileName}\n{sha256}")))[..32]);
}
