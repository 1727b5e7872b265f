namespace SparseService.Jobs.Training;

/// <summary>A temporary file that nobody can see and that vanishes with its stream, or with its process.</summary>
internal static class SpoolFile
{
    public static FileStream Create(string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"{Guid.NewGuid():N}.spool");
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        if (!OperatingSystem.IsWindows())
        {
            // A nameless file cannot be left behind by kill -9.
            File.Delete(path);
        }

        return file;
    }
}
