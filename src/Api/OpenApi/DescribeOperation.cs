using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace SparseService.Api.OpenApi;

/// <summary>Says of each operation which role it needs and what each status means.</summary>
internal sealed class DescribeOperation : IOperationFilter
{
    private static readonly Dictionary<string, string> Meanings = new()
    {
        ["200"] = "Done; the answer is in the body.",
        ["201"] = "Made; Location says where it is.",
        ["202"] = "Accepted; it happens soon.",
        ["204"] = "Done; there is nothing to say.",
        ["206"] = "The part of the bytes that Range asked for.",
        ["304"] = "Not changed since the ETag that If-None-Match gave.",
        ["400"] = "Malformed, or a value out of range; errors lists each with its JSON path.",
        ["401"] = "No key, or none that is valid.",
        ["403"] = "The key's role does not allow it, or the thing belongs to another key.",
        ["404"] = "There is no such thing.",
        ["408"] = "It took longer than one call may.",
        ["409"] = "The state of things forbids it.",
        ["413"] = "The body is too large.",
        ["415"] = "The body's media type is not understood.",
        ["416"] = "Range lies outside of the bytes.",
        ["422"] = "Well-formed but impossible; errors says why.",
        ["429"] = "Too many requests, live connections or wrong keys; Retry-After says how long to wait.",
        ["503"] = "Not now: the database does not answer.",
    };

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<NeedsRole>().LastOrDefault() is { } needs)
        {
            operation.Security = [ApiDescription.Requirement(context.Document)];
            var role = EnumText.Of(needs.Role);
            operation.Description = $"{operation.Description} Needs role {role} or a higher one.".Trim();
            operation.AddExtension("x-role", new JsonNodeExtension(role));
        }
        else
        {
            // Health: what the group says of keys does not hold for it.
            operation.Responses?.Remove("401");
        }

        foreach (var (status, response) in operation.Responses ?? [])
        {
            if (response is OpenApiResponse writable && Meanings.TryGetValue(status, out var meaning))
            {
                writable.Description = meaning;
            }
        }
    }
}
