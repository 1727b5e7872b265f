namespace SparseService.Engine.Data.Readers;

/// <summary>
/// The lines of a text file, ended by LF or CRLF, blank ones left out, a UTF-8 byte order mark skipped. A line break inside double
/// quotes does not end a line when quotes are asked for.
/// </summary>
internal sealed class TextLines(Stream stream, string role, bool quotes) : IDisposable
{
    // A row of a million features of 32 bytes each; a file without line ends must not fill the memory.
    private const int LineBytesMax = 32 << 20;

    private byte[] buffer = new byte[1 << 18];
    private int start;
    private int end;
    private bool atEnd;
    private bool started;
    private long lineEnds;

    public string Role => role;

    /// <summary>Number of the line that was read last, from 1, blank lines counted.</summary>
    public long Row { get; private set; }

    /// <summary>The span holds until the next call.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        if (!started)
        {
            started = true;
            SkipMark();
        }

        while (TryReadAny(out line))
        {
            if (line.ContainsAnyExcept(" \t"u8))
            {
                if (line.Contains((byte)0))
                {
                    throw new DatasetFormatException(role, "binary", "text in UTF-8", Row);
                }

                return true;
            }
        }

        return false;
    }

    /// <summary>A fault of the line that was read last.</summary>
    public DatasetFormatException Fault(string what, string value, string allowed) => new($"{role} {what}", value, allowed, Row);

    public void Dispose() => stream.Dispose();

    private bool TryReadAny(out ReadOnlySpan<byte> line)
    {
        Row = lineEnds + 1;
        var quoteCount = 0;
        for (var scanned = 0; ;)
        {
            var fresh = buffer.AsSpan(start + scanned, end - start - scanned);
            var length = fresh.IndexOf((byte)'\n');
            var piece = length < 0 ? fresh : fresh[..length];
            quoteCount += quotes ? piece.Count((byte)'"') : 0;
            if (length >= 0)
            {
                lineEnds++;
                scanned += length + 1;
                if (quoteCount % 2 == 0)
                {
                    line = Trimmed(buffer.AsSpan(start, scanned - 1));
                    start += scanned;
                    return true;
                }

                continue;
            }

            scanned += fresh.Length;
            if (!Fill())
            {
                return TryReadLast(quoteCount, out line);
            }
        }
    }

    private bool TryReadLast(int quoteCount, out ReadOnlySpan<byte> line)
    {
        if (quoteCount % 2 != 0)
        {
            throw new DatasetFormatException(role, "a quoted field without end", "an even number of double quotes", Row);
        }

        line = Trimmed(buffer.AsSpan(start, end - start));
        start = end;
        lineEnds++;
        return !line.IsEmpty;
    }

    private static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> line) => line.EndsWith("\r"u8) ? line[..^1] : line;

    private bool Fill()
    {
        if (atEnd)
        {
            return false;
        }

        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
        }

        if (end == buffer.Length)
        {
            if (end >= LineBytesMax)
            {
                throw new DatasetFormatException($"{role} line", $"longer than {LineBytesMax} bytes", $"at most {LineBytesMax} bytes", Row);
            }

            Array.Resize(ref buffer, buffer.Length * 2);
        }

        var read = stream.Read(buffer.AsSpan(end));
        end += read;
        atEnd = read == 0;
        return !atEnd;
    }

    private void SkipMark()
    {
        while (end < 3 && Fill())
        {
        }

        var text = buffer.AsSpan(0, end);
        if (text is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            throw new DatasetFormatException(role, "UTF-16", "text in UTF-8");
        }

        if (text is [0x1F, 0x8B, ..])
        {
            throw new DatasetFormatException(role, "gzip within gzip", "text, gzipped at most once");
        }

        start = text is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0;
    }
}
