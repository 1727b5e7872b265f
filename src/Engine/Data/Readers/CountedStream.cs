namespace SparseService.Engine.Data.Readers;

/// <summary>Counts what is read, and gives back first bytes that were read to look at them.</summary>
internal sealed class CountedStream(Stream inner, ReadOnlyMemory<byte> lookedAt) : ForwardStream
{
    private ReadOnlyMemory<byte> pending = lookedAt;

    public long BytesRead { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        int read;
        if (pending.IsEmpty)
        {
            read = inner.Read(buffer);
        }
        else
        {
            read = Math.Min(buffer.Length, pending.Length);
            pending.Span[..read].CopyTo(buffer);
            pending = pending[read..];
        }

        BytesRead += read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
