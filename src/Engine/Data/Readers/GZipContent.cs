using System.IO.Compression;

namespace SparseService.Engine.Data.Readers;

/// <summary>The content of a gzip file, held to be complete.</summary>
/// <remarks>
/// <see cref="GZipStream"/> takes a file that is cut off anywhere for a shorter one, without a word (measured on .NET 10), and a text
/// format would lose rows unseen. Gzip allows members in a row, so a member of our own, the seal, is appended to the file while it is
/// read: only if the file ended with a complete member does the content end with the seal's bytes. It is cut off here. This also refuses
/// bytes after the last member.
/// </remarks>
internal sealed class GZipContent(Stream file) : IDisposable
{
    // Compresses well, so that its member does not hold these bytes as they are: a cut within an uncompressed block must not show them.
    private static readonly byte[] Seal = [.. "the seal of a complete file, the seal of a complete file"u8];

    private static readonly byte[] SealMember = Compress(Seal);

    private readonly GZipStream gzip = new(new SealedStream(file), CompressionMode.Decompress);
    private readonly byte[] buffer = new byte[(1 << 16) + Seal.Length];
    private int start;
    private int end;
    private bool atEnd;

    /// <exception cref="InvalidDataException">The file is damaged, or ends before its content does.</exception>
    public int Read(Span<byte> into)
    {
        while (!atEnd && end - start <= Seal.Length)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
            var read = gzip.Read(buffer.AsSpan(end));
            end += read;
            atEnd = read == 0;
        }

        if (atEnd)
        {
            return buffer.AsSpan(start, end - start).SequenceEqual(Seal)
                ? 0
                : throw new InvalidDataException("it does not end with a complete gzip member");
        }

        var some = Math.Min(into.Length, end - start - Seal.Length);
        buffer.AsSpan(start, some).CopyTo(into);
        start += some;
        return some;
    }

    public void Dispose() => gzip.Dispose();

    private static byte[] Compress(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.SmallestSize))
        {
            stream.Write(bytes);
        }

        return packed.ToArray();
    }

    /// <summary>The file, then the seal.</summary>
    private sealed class SealedStream(Stream file) : ForwardStream
    {
        private int sealSent;

        public override int Read(Span<byte> buffer)
        {
            var read = sealSent == 0 ? file.Read(buffer) : 0;
            if (read == 0)
            {
                read = Math.Min(buffer.Length, SealMember.Length - sealSent);
                SealMember.AsSpan(sealSent, read).CopyTo(buffer);
                sealSent += read;
            }

            return read;
        }
    }
}
