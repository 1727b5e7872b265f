using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;
using SparseService.Engine.Training;

namespace SparseService.Api.Http;

/// <summary>A request body that knows its own rules.</summary>
public interface IRequestBody
{
    /// <summary>Everything that is wrong with the values; empty when all is well.</summary>
    IEnumerable<ApiFault> Faults();
}

/// <summary>A JSON body, read and checked before the handler runs; every fault is answered with its JSON path.</summary>
/// <remarks>The framework's own binding answers malformed JSON without saying where; hence this.</remarks>
// The framework calls the two static members by name, and only on the type itself.
#pragma warning disable CA1000
public sealed record Body<T>(T Value) : IEndpointParameterMetadataProvider
    where T : class, IRequestBody
{
    public static async ValueTask<Body<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        _ = parameter;
        var bytes = await RequestBytes.ReadAsync(context.Request, context.RequestAborted);
        var value = JsonBody.Read<T>(bytes);
        var faults = value.Faults().ToList();
        return faults.Count == 0 ? new Body<T>(value) : throw new RefusedException(Refused.BadRequest(faults));
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));
}
#pragma warning restore CA1000

internal static class JsonBody
{
    /// <exception cref="InvalidSpecException">Malformed; every fault of form by its path.</exception>
    /// <exception cref="RefusedException">Null where a value is needed.</exception>
    public static T Read<T>(byte[] bytes)
    {
        _ = RunSpecJson.Read<T>(bytes);
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, ApiJson.Options)!;
        }
        catch (JsonException exception)
        {
            throw new RefusedException(
                Refused.BadRequest(ApiFault.Of(exception.Path ?? "$", "null", "a value; leave optional fields out")));
        }
    }
}
