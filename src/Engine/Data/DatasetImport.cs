using SparseService.Engine.Data.Readers;

namespace SparseService.Engine.Data;

public enum DatasetFormat
{
    /// <summary>MNIST's format; files trainSamples + trainLabels, optionally testSamples + testLabels.</summary>
    Idx,

    /// <summary>Comma, tab or semicolon separated; header detected; label column named or last. Files train, optionally test.</summary>
    Csv,

    /// <summary><c>label index:value …</c>, indices from 1. Files train, optionally test.</summary>
    LibSvm,

    /// <summary>Files trainSamples + trainLabels, optionally testSamples + testLabels; each .npy.</summary>
    Npy,

    /// <summary>One .npz with arrays x/y or x_train, y_train, x_test, y_test. File train.</summary>
    Npz,

    /// <summary>
    /// Blank-separated numbers, labels in a file of their own (NIPS 2003): trainSamples + trainLabels, optionally testSamples +
    /// testLabels.
    /// </summary>
    Matrix,
}

/// <summary>What part of a dataset a file is.</summary>
public enum DatasetFileRole
{
    Train,
    Test,
    TrainSamples,
    TrainLabels,
    TestSamples,
    TestLabels,
}

public sealed record DatasetImportOptions
{
    public required DatasetFormat Format { get; init; }

    /// <summary>CSV: name of the label column, or its number from 1; null = the last column.</summary>
    public string? LabelColumn { get; init; }

    /// <summary>True: labels are numbers to predict (regression). False: classes.</summary>
    public bool Regression { get; init; }
}

/// <summary>Bounds that a hostile file meets early.</summary>
public sealed record DatasetLimits
{
    /// <summary>Bytes after decompression, over all files.</summary>
    public long ExpandedBytes { get; init; } = 4L << 30;

    /// <summary>Decompressed / compressed, looked at after the first 16 MiB.</summary>
    public int ExpansionRatio { get; init; } = 200;

    public long Rows { get; init; } = 50_000_000;

    public int Features { get; init; } = 1_000_000;

    public int Classes { get; init; } = 10_000;

    /// <summary>Bytes of the features and labels in the sample store that results.</summary>
    public long StoreBytes { get; init; } = 8L << 30;
}

/// <summary>Turns files into a sample store, streaming: memory does not grow with the rows.</summary>
public static class DatasetImport
{
    /// <summary>
    /// Reads the files (each plain or gzipped, told by its first bytes) and writes one sample store to <paramref name="storePath"/>;
    /// nothing remains there after a fault.
    /// </summary>
    /// <param name="options">How to read them.</param>
    /// <param name="files">Opens a file from its beginning; may be called more than once for a role.</param>
    /// <param name="storePath">Where the store will be; temporary files stand beside it meanwhile.</param>
    /// <param name="limits">Bounds of the result and of what is read.</param>
    /// <param name="cancellationToken">Looked at with every piece read.</param>
    /// <returns>The store's <see cref="SampleStore.ContentHash"/>.</returns>
    /// <exception cref="DatasetFormatException">Names the file's role, what was found and what is allowed.</exception>
    public static string ToStore(
        DatasetImportOptions options,
        IReadOnlyDictionary<DatasetFileRole, Func<Stream>> files,
        string storePath,
        DatasetLimits limits,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(files);
        RequireRoles(options.Format, files.Keys);
        if (options.LabelColumn is not null && options.Format != DatasetFormat.Csv)
        {
            throw new DatasetFormatException("labelColumn", options.LabelColumn, "nothing: only CSV has label columns");
        }

        var job = new ImportJob(options, files, storePath, limits, cancellationToken);
        return options.Format switch
        {
            DatasetFormat.Idx => IdxReader.Run(job),
            DatasetFormat.Csv => CsvReader.Run(job),
            DatasetFormat.LibSvm => LibSvmReader.Run(job),
            DatasetFormat.Npy => NpyReader.Run(job),
            DatasetFormat.Npz => NpzReader.Run(job),
            _ => MatrixReader.Run(job),
        };
    }

    /// <summary>
    /// Finds a known dataset layout in a folder (IDX quartets, madelon_train.data(.gz) …, train.csv/test.csv, *.npz, *.svm) or takes a
    /// single file, for <c>--data PATH</c>.
    /// </summary>
    /// <exception cref="DatasetFormatException">Nothing known is there; the message lists what would be.</exception>
    public static (DatasetImportOptions Options, IReadOnlyDictionary<DatasetFileRole, string> Files) Detect(string path) =>
        DatasetDetection.Detect(path);

    /// <summary>The roles that a format needs, then those that it takes besides (all of them or none).</summary>
    internal static (DatasetFileRole[] Needed, DatasetFileRole[] Optional) RolesOf(DatasetFormat format) => format switch
    {
        DatasetFormat.Csv or DatasetFormat.LibSvm => ([DatasetFileRole.Train], [DatasetFileRole.Test]),
        DatasetFormat.Npz => ([DatasetFileRole.Train], []),
        DatasetFormat.Idx or DatasetFormat.Npy or DatasetFormat.Matrix => (
            [DatasetFileRole.TrainSamples, DatasetFileRole.TrainLabels], [DatasetFileRole.TestSamples, DatasetFileRole.TestLabels]),
        _ => throw new DatasetFormatException("format", $"{format}", string.Join(", ", Enum.GetNames<DatasetFormat>())),
    };

    private static void RequireRoles(DatasetFormat format, IEnumerable<DatasetFileRole> given)
    {
        var (needed, optional) = RolesOf(format);
        var roles = given.Order().ToArray();
        if (!roles.SequenceEqual(needed.Order()) && !roles.SequenceEqual(needed.Concat(optional).Order()))
        {
            var allowed = string.Join(" + ", needed.Select(ImportJob.Name));
            allowed += optional.Length == 0 ? "" : $", or these and {string.Join(" + ", optional.Select(ImportJob.Name))}";
            throw new DatasetFormatException(
                "files", roles.Length == 0 ? "none" : string.Join(" + ", roles.Select(ImportJob.Name)), allowed);
        }
    }
}
