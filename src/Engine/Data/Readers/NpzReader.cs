using System.Buffers.Binary;
using System.IO.Compression;

namespace SparseService.Engine.Data.Readers;

/// <summary>One .npz (a zip of .npy entries) with x and y, or x_train, y_train and optionally x_test, y_test.</summary>
internal static class NpzReader
{
    private const int EntriesMax = 64;
    private const int EndRecordBytes = 22;

    private static readonly Dictionary<DatasetFileRole, string[]> EntryNames = new()
    {
        [DatasetFileRole.TrainSamples] = ["x_train", "x"],
        [DatasetFileRole.TrainLabels] = ["y_train", "y"],
        [DatasetFileRole.TestSamples] = ["x_test"],
        [DatasetFileRole.TestLabels] = ["y_test"],
    };

    public static string Run(ImportJob job)
    {
        // The directory of a zip stands at its end. A copy in a file keeps memory constant where the source cannot seek, and unwraps
        // .npz.gz.
        var path = SampleStoreWriter.TemporaryPath(job.StorePath);
        using var copy = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        using (var source = job.OpenWithOwnBudget(DatasetFileRole.Train))
        {
            source.CopyTo(copy);
        }

        RequireSmallDirectory(copy);
        try
        {
            using var archive = new ZipArchive(copy, ZipArchiveMode.Read, leaveOpen: true);
            var entries = Find(archive);
            return ArrayImport.Run(job, role => entries.TryGetValue(role, out var entry) ? Open(job, entry) : null);
        }
        catch (InvalidDataException exception)
        {
            throw new DatasetFormatException("train", $"not readable as a zip ({exception.Message})", "an .npz as numpy.savez writes it");
        }
    }

    private static ArrayFile Open(ImportJob job, ZipArchiveEntry entry) =>
        NpyReader.Open(job.OpenEntry(entry.Open(), $"train {entry.FullName}", entry.CompressedLength), $"train {entry.FullName}");

    private static Dictionary<DatasetFileRole, ZipArchiveEntry> Find(ZipArchive archive)
    {
        var found = new Dictionary<DatasetFileRole, ZipArchiveEntry>();
        foreach (var entry in archive.Entries)
        {
            var name = entry.FullName.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) ? entry.FullName[..^4] : entry.FullName;
            foreach (var (role, names) in EntryNames)
            {
                if (names.Contains(name, StringComparer.OrdinalIgnoreCase) && !found.TryAdd(role, entry))
                {
                    throw new DatasetFormatException("train arrays", $"{found[role].FullName} and {entry.FullName}", "only one of them");
                }
            }
        }

        var roles = found.Keys.Order().ToArray();
        DatasetFileRole[] train = [DatasetFileRole.TrainSamples, DatasetFileRole.TrainLabels];
        DatasetFileRole[] all = [.. train, DatasetFileRole.TestSamples, DatasetFileRole.TestLabels];
        return roles.SequenceEqual(train) || roles.SequenceEqual(all)
            ? found
            : throw new DatasetFormatException("train arrays", string.Join(", ", archive.Entries.Select(entry => entry.FullName)),
                "x and y, or x_train, y_train and optionally x_test and y_test");
    }

    /// <summary>
    /// Counts entries before the directory is read into memory: a directory of millions of entries is an attack, not a
    /// dataset.
    /// </summary>
    private static void RequireSmallDirectory(FileStream file)
    {
        var end = new byte[Math.Min(file.Length, EndRecordBytes + ushort.MaxValue)];
        file.Position = file.Length - end.Length;
        file.ReadExactly(end);
        var at = end.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (at < 0 || end.Length - at < EndRecordBytes)
        {
            throw new DatasetFormatException("train", "no zip directory", "an .npz as numpy.savez writes it");
        }

        var count = BinaryPrimitives.ReadUInt16LittleEndian(end.AsSpan(at + 10));
        var bytes = BinaryPrimitives.ReadUInt32LittleEndian(end.AsSpan(at + 12));
        if (count is 0 or > EntriesMax || bytes > 1 << 20)
        {
            throw new DatasetFormatException(
                "train arrays", $"{count} entries, a directory of {bytes} bytes", $"1 to {EntriesMax} entries");
        }

        file.Position = 0;
    }
}
