using Microsoft.AspNetCore.Http.Metadata;

namespace SparseService.Api.Http;

/// <summary>What endpoints say about themselves, to the pipeline and to the OpenAPI document.</summary>
internal static class Endpoints
{
    public static TBuilder Needs<TBuilder>(this TBuilder builder, ApiRole role)
        where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(role.ToString()).WithMetadata(new NeedsRole(role));

    /// <summary>Lists the statuses of problems, besides those that every address can answer.</summary>
    public static TBuilder Refuses<TBuilder>(this TBuilder builder, params int[] statuses)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata([.. statuses.Select(status =>
            new ProducesResponseTypeMetadata(status, typeof(ApiProblem), [ApiProblem.ContentType]))]);

    public static TBuilder TakesAtMost<TBuilder>(this TBuilder builder, long bytes)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new BodyLimit(bytes));

    /// <summary>Documents a download: the bytes themselves.</summary>
    public static TBuilder Downloads<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(
            new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(Stream), [Download.ContentType]),
            new ProducesResponseTypeMetadata(StatusCodes.Status206PartialContent, typeof(Stream), [Download.ContentType]));

    private sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
}
