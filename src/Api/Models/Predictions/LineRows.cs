using System.Buffers;
using System.Globalization;
using System.Text;

namespace SparseService.Api.Models.Predictions;

/// <summary>A row on each line; empty lines are passed over.</summary>
internal abstract class LineRows : IRowFormat
{
    private const int LeastLineBytes = 4096;
    private const int BytesPerFeature = 64;

    private byte[] joined = [];

    /// <summary>From 1, the one that is being read.</summary>
    protected long Row { get; private set; } = 1;

    protected long Line { get; private set; } = 1;

    public static int MostLineBytes(int features) => (int)Math.Clamp((long)BytesPerFeature * features, LeastLineBytes, int.MaxValue);

    public bool TryRead(ref ReadOnlySequence<byte> bytes, bool isLast, Span<float> row)
    {
        while (bytes.Length > 0)
        {
            var end = bytes.PositionOf((byte)'\n');
            if (end is null && !isLast && bytes.Length <= MostLineBytes(row.Length))
            {
                return false;
            }

            var line = end is { } position ? bytes.Slice(0, position) : bytes;
            if (line.Length > MostLineBytes(row.Length))
            {
                throw RowFault.InLine(
                    Row, Line, field: null, "longer than a line may be",
                    $"at most {MostLineBytes(row.Length)} bytes: {BytesPerFeature} for each of {row.Length} features, or {LeastLineBytes}");
            }

            var isRow = TryReadLine(Joined(line), row);
            bytes = bytes.Slice(end is { } newLine ? bytes.GetPosition(1, newLine) : bytes.End);
            Line++;
            if (isRow)
            {
                Row++;
                return true;
            }
        }

        return false;
    }

    /// <returns>False where the line is no row.</returns>
    protected abstract bool Read(ReadOnlySpan<byte> line, Span<float> row);

    protected RefusedException Wrong(int? field, string value, string allowed) => RowFault.InLine(Row, Line, field, value, allowed);

    /// <summary>Text of a client's, to be shown.</summary>
    protected static string Shown(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text[..Math.Min(text.Length, 200)]);

    protected RefusedException WrongCount(int values, int features) => Wrong(null, $"{values} values", RowFault.Allowed(features));

    private bool TryReadLine(ReadOnlySpan<byte> line, Span<float> row)
    {
        if (Line == 1 && line.StartsWith("\uFEFF"u8))
        {
            line = line[3..];
        }

        return !line.Trim(" \t\r"u8).IsEmpty && Read(line, row);
    }

    private ReadOnlySpan<byte> Joined(ReadOnlySequence<byte> line)
    {
        if (line.IsSingleSegment)
        {
            return line.FirstSpan;
        }

        if (joined.Length < line.Length)
        {
            joined = new byte[line.Length * 2];
        }

        line.CopyTo(joined);
        return joined.AsSpan(0, (int)line.Length);
    }
}

/// <summary>NDJSON: <c>[0.5, 1.25, -3]</c> on each line.</summary>
internal sealed class NdjsonRows : LineRows
{
    public const string ContentType = "application/x-ndjson";

    protected override bool Read(ReadOnlySpan<byte> line, Span<float> row)
    {
        var at = 0;
        NumberText.SkipSpace(line, ref at);
        if (line[at++] != '[')
        {
            throw Wrong(null, Shown(line.Trim(" \t\r"u8)), $"a list of {RowFault.Allowed(row.Length)}, as in [0.5, 1.25, -3]");
        }

        NumberText.SkipSpace(line, ref at);
        var count = 0;
        while (at >= line.Length || line[at] != ']' || count > 0)
        {
            var start = at;
            if (!NumberText.TryRead(line, ref at, out var value) || !float.IsFinite(value))
            {
                throw Wrong(count + 1, Shown(Field(line[start..])), RowFault.Finite);
            }

            if (count < row.Length)
            {
                row[count] = value;
            }

            count++;
            NumberText.SkipSpace(line, ref at);
            if (at < line.Length && line[at] == ']')
            {
                break;
            }

            if (at >= line.Length || line[at] != ',')
            {
                var rest = at < line.Length ? Shown(line[start..].Trim(" \t\r"u8)) : "followed by nothing";
                throw Wrong(count, rest, "a number and then , or ]");
            }

            at++;
            NumberText.SkipSpace(line, ref at);
        }

        at++;
        NumberText.SkipSpace(line, ref at);
        return at < line.Length
            ? throw Wrong(null, $"followed by {Shown(line[at..])}", "one list on each line")
            : count != row.Length ? throw WrongCount(count, row.Length) : true;
    }

    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> text) =>
        text[..(text.IndexOfAny(",]"u8) is >= 0 and var end ? end : text.Length)].Trim(" \t\r"u8);
}

/// <summary>CSV: <c>0.5,1.25,-3</c> on each line.</summary>
/// <param name="hasHeader">The first line holds names (RFC 4180's parameter <c>header=present</c>).</param>
internal sealed class CsvRows(bool hasHeader) : LineRows
{
    public const string ContentType = "text/csv";

    private bool isBehindHeader = !hasHeader;

    protected override bool Read(ReadOnlySpan<byte> line, Span<float> row)
    {
        if (!isBehindHeader)
        {
            isBehindHeader = true;
            return false;
        }

        var count = 0;
        for (var at = 0; ; at++, count++)
        {
            NumberText.SkipSpace(line, ref at);
            var start = at;
            var isRead = NumberText.TryRead(line, ref at, out var value);
            NumberText.SkipSpace(line, ref at);
            if (!isRead || (at < line.Length && line[at] != ','))
            {
                at = line[start..].IndexOf((byte)',') is >= 0 and var length ? start + length : line.Length;
                var text = line[start..at].Trim(" \t\r"u8);
                isRead = float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
            }

            if (!isRead || !float.IsFinite(value))
            {
                throw Wrong(count + 1, Shown(line[start..at].Trim(" \t\r"u8)), Allowed(count));
            }

            if (count < row.Length)
            {
                row[count] = value;
            }

            if (at >= line.Length)
            {
                return count + 1 == row.Length ? true : throw WrongCount(count + 1, row.Length);
            }
        }
    }

    private string Allowed(int field) => Row == 1 && Line == 1 && field == 0
        ? $"{RowFault.Finite}; a first line of names is passed over with Content-Type: text/csv; header=present"
        : RowFault.Finite;
}
