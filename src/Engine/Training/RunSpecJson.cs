using System.Text.Json;
using System.Text.Json.Serialization;

namespace SparseService.Engine.Training;

/// <summary>The one JSON form of specs and options: camelCase, enums as camelCase strings, unknown fields refused.</summary>
public static class RunSpecJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
        NumberHandling = JsonNumberHandling.Strict,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        AllowDuplicateProperties = false,
        MaxDepth = 16,
    };

    /// <summary>Reads and validates a spec; every fault is listed with its JSON path.</summary>
    /// <exception cref="InvalidSpecException">Malformed JSON, unknown field, wrong type, or a value that cannot work.</exception>
    public static RunSpec Parse(ReadOnlySpan<byte> utf8Json) => throw new NotSupportedException();
}
