using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace SparseService.Engine.Training;

/// <summary>The one JSON form of specs and options: camelCase, enums as camelCase strings, unknown fields refused.</summary>
public static class RunSpecJson
{
    public static JsonSerializerOptions Options { get; } = CreateOptions();

    /// <summary>Reads and validates a spec; every fault is listed with its JSON path.</summary>
    /// <exception cref="InvalidSpecException">Malformed JSON, unknown field, wrong type, or a value that cannot work.</exception>
    public static RunSpec Parse(ReadOnlySpan<byte> utf8Json)
    {
        var spec = Read<RunSpec>(utf8Json);
        var faults = TrainingOptionsValidator.Validate(spec);
        return faults.Count == 0 ? spec : throw new InvalidSpecException(faults);
    }

    /// <summary>Reads JSON of any request type with every fault of form (not of value) listed by its JSON path.</summary>
    /// <exception cref="InvalidSpecException">Malformed JSON, unknown or missing field, or wrong type.</exception>
    public static T Read<T>(ReadOnlySpan<byte> utf8Json)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8Json, new JsonReaderOptions { MaxDepth = Options.MaxDepth });
            using var document = JsonDocument.ParseValue(ref reader);
            if (reader.Read())
            {
                throw new InvalidSpecException([new SpecFault("$", $"followed by more text at byte {reader.TokenStartIndex}", "one JSON object")]);
            }

            var faults = new List<SpecFault>();
            JsonForm.Check(document.RootElement, typeof(T), "$", Options, faults);
            if (faults.Count > 0)
            {
                throw new InvalidSpecException(faults);
            }

            return document.Deserialize<T>(Options) ?? throw new InvalidSpecException([new SpecFault("$", "null", "a JSON object")]);
        }
        catch (JsonException exception)
        {
            var where = exception.LineNumber is { } line ? $"malformed at line {line + 1}, byte {exception.BytePositionInLine + 1}" : "malformed";
            throw new InvalidSpecException([new SpecFault(exception.Path ?? "$", where, "JSON with each property once; " + FirstSentence(exception.Message))]);
        }
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
            NumberHandling = JsonNumberHandling.Strict,
            PropertyNameCaseInsensitive = false,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            AllowDuplicateProperties = false,
            MaxDepth = 16,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };
        options.MakeReadOnly();
        return options;
    }

    private static string FirstSentence(string message) => message.Split(". ", 2)[0].TrimEnd('.');
}
