using System.IO.Compression;

namespace SparseService.Engine.Data.Readers;

/// <summary>
/// A file's content, gunzipped if its first two bytes say so, read once from front to back. Every byte is charged to the budget while it is read, so a small
/// file that would expand without end stops early. Damage in the compressed data becomes <see cref="DatasetFormatException"/>.
/// </summary>
internal sealed class ExpandedStream : Stream
{
    private readonly string role;
    private readonly ExpansionBudget budget;
    private readonly CancellationToken cancellationToken;
    private readonly CountedStream compressed;
    private readonly Stream content;
    private readonly Func<long>? compressedBytes;
    private long expanded;

    /// <param name="raw">The file; disposed with this stream.</param>
    /// <param name="role">Names the file in errors.</param>
    /// <param name="budget">Shared by all files of the import.</param>
    /// <param name="cancellationToken">Looked at on every read.</param>
    /// <param name="compressedLength">Length of <paramref name="raw"/> before some other decompression (a zip entry's), if there was one.</param>
    public ExpandedStream(Stream raw, string role, ExpansionBudget budget, CancellationToken cancellationToken, long? compressedLength = null)
    {
        this.role = role;
        this.budget = budget;
        this.cancellationToken = cancellationToken;
        var start = new byte[2];
        var read = Guard(() => raw.ReadAtLeast(start, 2, throwOnEndOfStream: false));
        compressed = new CountedStream(raw, start.AsMemory(0, read));
        IsCompressed = compressedLength is null && read == 2 && start[0] == 0x1F && start[1] == 0x8B;
        content = IsCompressed ? new GZipStream(compressed, CompressionMode.Decompress) : compressed;
        compressedBytes = compressedLength is { } length ? () => length : IsCompressed ? () => compressed.BytesRead : null;
    }

    public bool IsCompressed { get; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => expanded;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int read;
        try
        {
            read = content.Read(buffer);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw Damaged(exception);
        }

        expanded += read;
        budget.Spend(role, read, expanded, compressedBytes?.Invoke() ?? expanded);
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            content.Dispose();
            compressed.Dispose();
        }

        base.Dispose(disposing);
    }

    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw Damaged(exception);
        }
    }

    private DatasetFormatException Damaged(Exception exception) =>
        new($"{role} compression", $"damaged or cut off after {expanded} expanded bytes ({exception.Message})", "a complete gzip or zip stream");
}
