using System.Text.Encodings.Web;
using System.Text.Json;
using SparseService.Engine.Training;

namespace SparseService.Api.Http;

/// <summary>The JSON form of every request and answer: the same as a spec's, and null is refused where a value is needed.</summary>
public static class ApiJson
{
    public static JsonSerializerOptions Options { get; } = new(RunSpecJson.Options)
    {
        RespectNullableAnnotations = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // Answers are never embedded in HTML; umlauts and ">" stay readable.
    };

    /// <summary>Gives the framework's own serializer the same form.</summary>
    public static void CopyTo(JsonSerializerOptions target)
    {
        target.PropertyNamingPolicy = Options.PropertyNamingPolicy;
        target.UnmappedMemberHandling = Options.UnmappedMemberHandling;
        target.NumberHandling = Options.NumberHandling;
        target.DefaultIgnoreCondition = Options.DefaultIgnoreCondition;
        target.AllowDuplicateProperties = Options.AllowDuplicateProperties;
        target.MaxDepth = Options.MaxDepth;
        target.RespectNullableAnnotations = true;
        target.Encoder = Options.Encoder;
        foreach (var converter in Options.Converters)
        {
            target.Converters.Add(converter);
        }
    }
}
