namespace SparseService.Api.Http;

/// <summary>A part of a file that is put together while it is read.</summary>
internal abstract record SplicedPart(long Length)
{
    /// <summary>Bytes that are in memory.</summary>
    internal sealed record Bytes(byte[] Content) : SplicedPart(Content.Length);

    /// <summary>Bytes of another stream, which can be read from any position.</summary>
    internal sealed record Window(Stream Source, long Start, long Length) : SplicedPart(Length);
}

/// <summary>One file made of several parts, read from any position; nothing of it is copied or kept.</summary>
internal sealed class SplicedStream : Stream
{
    private readonly SplicedPart[] parts;
    private readonly long[] starts;
    private long position;

    public SplicedStream(IEnumerable<SplicedPart> parts)
    {
        this.parts = [.. parts.Where(part => part.Length > 0)];
        starts = new long[this.parts.Length];
        foreach (var (index, part) in this.parts.Index())
        {
            starts[index] = Length;
            Length += part.Length;
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length { get; }

    public override long Position
    {
        get => position;
        set => position = value >= 0 && value <= Length
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"0 to {Length}");
    }

    public override int Read(Span<byte> buffer)
    {
        if (Find(buffer.Length) is not var (part, offset, count))
        {
            return 0;
        }

        return Advance(part is SplicedPart.Window window
            ? At(window, offset).Read(buffer[..count])
            : Copy((SplicedPart.Bytes)part, offset, buffer[..count]));
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Find(buffer.Length) is not var (part, offset, count))
        {
            return 0;
        }

        return Advance(part is SplicedPart.Window window
            ? await At(window, offset).ReadAsync(buffer[..count], cancellationToken)
            : Copy((SplicedPart.Bytes)part, offset, buffer.Span[..count]));
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = offset + (origin switch { SeekOrigin.Begin => 0, SeekOrigin.Current => position, _ => Length });

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private (SplicedPart Part, long Offset, int Count)? Find(int room)
    {
        if (position >= Length || room == 0)
        {
            return null;
        }

        var found = Array.BinarySearch(starts, position);
        var index = found >= 0 ? found : ~found - 1;
        var offset = position - starts[index];
        return (parts[index], offset, (int)Math.Min(room, parts[index].Length - offset));
    }

    private static Stream At(SplicedPart.Window window, long offset)
    {
        window.Source.Position = window.Start + offset;
        return window.Source;
    }

    private static int Copy(SplicedPart.Bytes part, long offset, Span<byte> target)
    {
        part.Content.AsSpan((int)offset, target.Length).CopyTo(target);
        return target.Length;
    }

    private int Advance(int read)
    {
        position += read;
        return read;
    }
}
