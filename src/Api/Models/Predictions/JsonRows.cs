using System.Buffers;
using System.Text.Json;

namespace SparseService.Api.Models.Predictions;

/// <summary>JSON: <c>{"rows": [[0.5, 1.25, -3]]}</c>, read row by row.</summary>
internal sealed class JsonRows : IRowFormat
{
    public const string ContentType = "application/json";

    private const string Rows = "$.rows";
    private const string TheForm = "a JSON object with rows, as in {\"rows\": [[0.5, 1.25, -3]]}";

    // Names and numbers are short; what is longer is not waited for.
    private const int MostTokenBytes = 64 << 10;

    private JsonReaderState state = new(new JsonReaderOptions { MaxDepth = 16 });
    private Place place = Place.Start;
    private bool hasRows;
    private long row;
    private int count;
    private float[] values = [];

    private enum Place
    {
        Start,
        Object,
        BeforeRows,
        Rows,
        Row,
        End,
    }

    public bool TryRead(ref ReadOnlySequence<byte> bytes, bool isLast, Span<float> target)
    {
        values = values.Length == target.Length ? values : new float[target.Length];
        try
        {
            var reader = new Utf8JsonReader(bytes, isLast, state);
            var isWhole = false;
            while (!isWhole && reader.Read())
            {
                isWhole = Take(ref reader);
            }

            state = reader.CurrentState;
            bytes = bytes.Slice(reader.Position);
            if (isWhole)
            {
                values.CopyTo(target);
                return true;
            }
        }
        catch (JsonException fault)
        {
            throw RowFault.Malformed(
                "$", $"malformed at line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}",
                "JSON with each property once; " + fault.Message.Split(". ", 2)[0].TrimEnd('.'));
        }
        catch (InvalidOperationException)
        {
            throw RowFault.Malformed("$", "a string that is no Unicode text", "JSON with Unicode strings");
        }

        return bytes.Length > MostTokenBytes ? throw RowFault.Malformed("$", "a name or number without end", TheForm)
            : isLast && !hasRows ? throw RowFault.Malformed(Rows, "(missing)", "a list of rows")
            : false;
    }

    // True when a row is whole.
    private bool Take(ref Utf8JsonReader reader)
    {
        switch (place)
        {
            case Place.Start when reader.TokenType == JsonTokenType.StartObject:
                place = Place.Object;
                return false;
            case Place.Object when reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("rows"u8) && !hasRows:
                (place, hasRows) = (Place.BeforeRows, true);
                return false;
            case Place.Object when reader.TokenType == JsonTokenType.PropertyName:
                throw Unknown(reader.GetString()!);
            case Place.Object:
                place = Place.End;
                return false;
            case Place.BeforeRows when reader.TokenType == JsonTokenType.StartArray:
                place = Place.Rows;
                return false;
            case Place.Rows when reader.TokenType == JsonTokenType.StartArray:
                (place, count) = (Place.Row, 0);
                return false;
            case Place.Rows when reader.TokenType == JsonTokenType.EndArray:
                place = Place.Object;
                return false;
            case Place.Row:
                return TakeValue(ref reader);
            case Place.Start:
                throw RowFault.Malformed("$", Kind(ref reader), TheForm);
            case Place.BeforeRows:
                throw RowFault.Malformed(Rows, Kind(ref reader), "a list of rows");
            default:
                throw RowFault.Malformed($"{Rows}[{row}]", Kind(ref reader), "a list of numbers");
        }
    }

    private RefusedException Unknown(string name)
    {
        var unknown = ApiFault.Of($"$.{name}", name == "rows" ? "given twice" : "not known", "only rows, once");
        return new(hasRows ? Refused.BadRequest(unknown) : Refused.BadRequest(unknown, ApiFault.Of(Rows, null, "a list of rows")));
    }

    private bool TakeValue(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.EndArray)
        {
            place = Place.Rows;
            return count == values.Length ? row++ >= 0 : throw RowFault.Count(row, count, values.Length);
        }

        if (reader.TokenType != JsonTokenType.Number)
        {
            throw RowFault.Malformed($"{Rows}[{row}][{count}]", Kind(ref reader), "a number");
        }

        if (count < values.Length)
        {
            values[count] = reader.GetSingle();
            if (!float.IsFinite(values[count]))
            {
                throw RowFault.NotFinite(row, count, values[count]);
            }
        }

        count++;
        return false;
    }

    private static string Kind(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => $"\"{reader.GetString()}\"",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.Number => $"{reader.GetDouble():R}",
        var other => other.ToString().ToLowerInvariant(),
    };
}
