using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using SparseService.Engine.Training;
using Swashbuckle.AspNetCore.Swagger;

namespace SparseService.Api.OpenApi;

/// <summary>The part of the OpenAPI document that says what a spec is, as a JSON Schema of its own: for forms and editors.</summary>
internal sealed class SpecSchema(IServiceProvider services)
{
    public const string ContentType = "application/schema+json";
    private const string InDocument = "#/components/schemas/";
    private const string Here = "#/$defs/";

    private readonly Lazy<string> text = new(() => Make(services));

    public string Text => text.Value;

    private static string Make(IServiceProvider services)
    {
        using var scope = services.CreateScope();
        var document = scope.ServiceProvider.GetRequiredService<ISwaggerProvider>().GetSwagger(ApiDescription.DocumentName);
        using var buffer = new StringWriter(CultureInfo.InvariantCulture);
        document.SerializeAsV31(new OpenApiJsonWriter(buffer));
        var all = JsonNode.Parse(buffer.ToString())!["components"]!["schemas"]!.AsObject();

        var definitions = new JsonObject();
        var wanted = new Queue<string>([nameof(RunSpec)]);
        while (wanted.TryDequeue(out var name))
        {
            if (!definitions.ContainsKey(name))
            {
                var definition = all[name]!.DeepClone();
                Redirect(definition, wanted);
                definitions[name] = definition;
            }
        }

        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["$ref"] = Here + nameof(RunSpec),
            ["$defs"] = definitions,
        }.ToJsonString(ApiJson.Options);
    }

    private static void Redirect(JsonNode? node, Queue<string> wanted)
    {
        foreach (var child in node switch { JsonObject map => map.Select(entry => entry.Value), JsonArray list => list, _ => [] })
        {
            Redirect(child, wanted);
        }

        if (node is JsonObject schema && (string?)(schema["$ref"] as JsonValue) is { } reference)
        {
            var name = reference[InDocument.Length..];
            schema["$ref"] = Here + name;
            wanted.Enqueue(name);
        }
    }
}
