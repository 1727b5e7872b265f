using System.Text.Json;
using System.Text.Json.Serialization;

namespace SparseService.Engine.Parallel;

/// <summary>The JSON that the processes of one training exchange: all numbers there are, also those that JSON does not have.</summary>
internal static class RankJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };
}
