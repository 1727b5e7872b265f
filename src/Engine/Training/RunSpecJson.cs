using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;

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
            RequireUtf8(utf8Json);
            using var document = JsonDocument.Parse(utf8Json.ToArray(), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = Options.MaxDepth });
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
        catch (InvalidOperationException exception)
        {
            // An escaped half of a surrogate pair is valid JSON and no text.
            throw new InvalidSpecException([new SpecFault("$", "a string that is no Unicode text", "JSON with Unicode strings; " + FirstSentence(exception.Message))]);
        }
    }

    private static void RequireUtf8(ReadOnlySpan<byte> bytes)
    {
        if (!Utf8.IsValid(bytes))
        {
            throw new InvalidSpecException([new SpecFault("$", "not UTF-8", "JSON in UTF-8")]);
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
