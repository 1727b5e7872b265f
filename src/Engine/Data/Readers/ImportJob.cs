namespace SparseService.Engine.Data.Readers;

/// <summary>What every reader needs: the files, the bounds, and where the store goes.</summary>
internal sealed class ImportJob(
    DatasetImportOptions options,
    IReadOnlyDictionary<DatasetFileRole, Func<Stream>> files,
    string storePath,
    DatasetLimits limits,
    CancellationToken cancellationToken)
{
    private readonly ExpansionBudget budget = new(limits);

    public DatasetImportOptions Options => options;

    public DatasetLimits Limits => limits;

    public string StorePath => storePath;

    public CancellationToken CancellationToken => cancellationToken;

    public bool Has(DatasetFileRole role) => files.ContainsKey(role);

    /// <summary>The role as clients write it: trainSamples, testLabels …</summary>
    public static string Name(DatasetFileRole role) => char.ToLowerInvariant(role.ToString()[0]) + role.ToString()[1..];

    public ExpandedStream Open(DatasetFileRole role) => new(files[role](), Name(role), budget, cancellationToken);

    /// <summary>For passes over a file that was already paid for, or for a container whose entries are charged one by one.</summary>
    public ExpandedStream OpenWithOwnBudget(DatasetFileRole role) =>
        new(files[role](), Name(role), new ExpansionBudget(limits), cancellationToken);

    public ExpandedStream OpenEntry(Stream entry, string name, long compressedLength) =>
        new(entry, name, budget, cancellationToken, compressedLength);

    public Stream OpenRaw(DatasetFileRole role) => files[role]();

    public SampleStoreWriter CreateWriter(SampleLayout layout) => layout.Features <= limits.Features
        ? new SampleStoreWriter(storePath, layout, limits)
        : throw new DatasetFormatException("features", $"{layout.Features}", $"at most {limits.Features}");
}
