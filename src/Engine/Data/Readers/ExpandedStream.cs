namespace SparseService.Engine.Data.Readers;

/// <summary>
/// A file's content, gunzipped if its first two bytes say so, read once from front to back. Every byte is charged to the budget while it
/// is read, so a small file that would expand without end stops early. Damage in the compressed data becomes <see
/// cref="DatasetFormatException"/>.
/// </summary>
internal sealed class ExpandedStream : ForwardStream
{
    private readonly string role;
    private readonly ExpansionBudget budget;
    private readonly CancellationToken cancellationToken;
    private readonly CountedStream file;
    private readonly GZipContent? gzip;
    private readonly long? compressedLength;
    private long expanded;

    /// <param name="raw">The file; disposed with this stream.</param>
    /// <param name="role">Names the file in errors.</param>
    /// <param name="budget">Shared by all files of the import.</param>
    /// <param name="cancellationToken">Looked at on every read.</param>
    /// <param name="compressedLength">Length of <paramref name="raw"/> before some other decompression (a zip entry's), if there was
    /// one.</param>
    public ExpandedStream(
        Stream raw, string role, ExpansionBudget budget, CancellationToken cancellationToken, long? compressedLength = null)
    {
        this.role = role;
        this.budget = budget;
        this.cancellationToken = cancellationToken;
        this.compressedLength = compressedLength;
        var start = new byte[2];
        var read = 0;
        try
        {
            read = raw.ReadAtLeast(start, 2, throwOnEndOfStream: false);
        }
        catch (InvalidDataException exception)
        {
            raw.Dispose();
            throw Damaged(exception);
        }

        file = new CountedStream(raw, start.AsMemory(0, read));
        gzip = compressedLength is null && start is [0x1F, 0x8B] ? new GZipContent(file) : null;
    }

    public override int Read(Span<byte> buffer)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (buffer.IsEmpty)
        {
            return 0;
        }

        int read;
        try
        {
            read = gzip is null ? file.Read(buffer) : gzip.Read(buffer);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw Damaged(exception);
        }

        expanded += read;
        budget.Spend(role, read, expanded, compressedLength ?? (gzip is null ? expanded : file.BytesRead));
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            gzip?.Dispose();
            file.Dispose();
        }

        base.Dispose(disposing);
    }

    private DatasetFormatException Damaged(Exception exception) =>
        new($"{role} compression",
            $"damaged or cut off after {expanded} bytes of content ({exception.Message})",
            "a complete gzip or zip stream");
}
