namespace SparseService.Api.Http;

/// <summary>Refuses addresses with a NUL in their query: no name holds one, and the database takes none in a text.</summary>
internal static class QueryText
{
    public static IApplicationBuilder UseQueryText(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        foreach (var (name, values) in context.Request.Query)
        {
            if (values.ToString().Contains('\0'))
            {
                return Refused.BadRequest(ApiFault.Of(name, "a text with NUL", "a text without NUL")).ExecuteAsync(context);
            }
        }

        return next(context);
    });
}
