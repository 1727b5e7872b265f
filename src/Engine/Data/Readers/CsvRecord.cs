using System.Text;

namespace SparseService.Engine.Data.Readers;

/// <summary>
/// Splits one record into fields, RFC 4180: fields may be quoted, a quote inside is doubled. Blanks around unquoted fields are
/// dropped.
/// </summary>
internal sealed class CsvRecord(byte delimiter, int fieldsMax)
{
    private const int FieldBytesMax = 1 << 16;

    private (int Start, int Length)[] fields = new (int, int)[16];
    private byte[] unquoted = [];
    private bool usesUnquoted;

    public int Count { get; private set; }

    /// <summary>A field of the record that was split last; <paramref name="line"/> is that record.</summary>
    public ReadOnlySpan<byte> Field(ReadOnlySpan<byte> line, int index) =>
        (usesUnquoted ? unquoted : line).Slice(fields[index].Start, fields[index].Length);

    public string Text(ReadOnlySpan<byte> line, int index) => Encoding.UTF8.GetString(Field(line, index));

    /// <exception cref="DatasetFormatException">Characters after a closing quote, too many or too long fields.</exception>
    public void Split(ReadOnlySpan<byte> line, TextLines lines)
    {
        Count = 0;
        usesUnquoted = line.Contains((byte)'"');
        if (usesUnquoted)
        {
            SplitQuoted(line, lines);
            return;
        }

        for (var start = 0; ;)
        {
            var length = line[start..].IndexOf(delimiter);
            Add(line, start, length < 0 ? line.Length - start : length, lines);
            if (length < 0)
            {
                return;
            }

            start += length + 1;
        }
    }

    /// <summary>The separator that a file's first line uses most, outside quotes.</summary>
    public static byte DelimiterOf(ReadOnlySpan<byte> line)
    {
        Span<int> counts = stackalloc int[128];
        counts.Clear();
        var quoted = false;
        foreach (var character in line)
        {
            quoted ^= character == '"';
            if (!quoted && character < 128)
            {
                counts[character]++;
            }
        }

        var best = counts['\t'] > counts[','] ? (byte)'\t' : (byte)',';
        return counts[';'] > counts[best] ? (byte)';' : best;
    }

    private void SplitQuoted(ReadOnlySpan<byte> line, TextLines lines)
    {
        if (unquoted.Length < line.Length)
        {
            unquoted = new byte[line.Length * 2];
        }

        var written = 0;
        for (var at = 0; ;)
        {
            var start = written;
            var trimmed = line[at..].IndexOfAnyExcept((byte)' ', (byte)'\t');
            if (trimmed >= 0 && line[at + trimmed] == '"' && delimiter != '\t')
            {
                at += trimmed;
            }

            if (at < line.Length && line[at] == '"')
            {
                at = Unquote(line, at + 1, ref written, lines);
                Add(start, written - start, lines);
            }
            else
            {
                var length = line[at..].IndexOf(delimiter);
                var field = length < 0 ? line[at..] : line.Slice(at, length);
                field.CopyTo(unquoted.AsSpan(written));
                written += field.Length;
                at += field.Length;
                Add(unquoted, start, field.Length, lines);
            }

            if (at == line.Length)
            {
                return;
            }

            at++;
        }
    }

    /// <summary>Copies a quoted field; returns where its delimiter, or the end, is.</summary>
    private int Unquote(ReadOnlySpan<byte> line, int at, ref int written, TextLines lines)
    {
        while (true)
        {
            var length = line[at..].IndexOf((byte)'"');
            if (length < 0)
            {
                throw lines.Fault($"field {Count + 1}", "a quoted field without end", "a closing quote");
            }

            line.Slice(at, length).CopyTo(unquoted.AsSpan(written));
            written += length;
            at += length + 1;
            if (at < line.Length && line[at] == '"')
            {
                unquoted[written++] = (byte)'"';
                at++;
                continue;
            }

            while (at < line.Length && line[at] == ' ')
            {
                at++;
            }

            return at == line.Length || line[at] == delimiter
                ? at
                : throw lines.Fault($"field {Count + 1}", "text after a closing quote", "a delimiter after a closing quote");
        }
    }

    private void Add(ReadOnlySpan<byte> text, int start, int length, TextLines lines)
    {
        var field = text.Slice(start, length);
        var lead = field.IndexOfAnyExcept((byte)' ', (byte)'\t');
        if (lead < 0)
        {
            Add(start, 0, lines);
            return;
        }

        Add(start + lead, field.LastIndexOfAnyExcept((byte)' ', (byte)'\t') - lead + 1, lines);
    }

    private void Add(int start, int length, TextLines lines)
    {
        if (Count == fieldsMax || length > FieldBytesMax)
        {
            throw lines.Fault($"field {Count + 1}", Count == fieldsMax ? "one too many" : $"{length} bytes long",
                $"at most {fieldsMax} fields of at most {FieldBytesMax} bytes");
        }

        if (Count == fields.Length)
        {
            Array.Resize(ref fields, fields.Length * 2);
        }

        fields[Count++] = (start, length);
    }
}
