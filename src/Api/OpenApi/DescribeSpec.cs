using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using SparseService.Engine.Training;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace SparseService.Api.OpenApi;

/// <summary>What a form needs to know of a spec beyond names and types: defaults, what may be null, and ranges of lists' items.</summary>
internal sealed class DescribeSpec : ISchemaFilter
{
    private static readonly NullabilityInfoContext Nullability = new();

    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema { Properties: { } properties } || !IsPartOfASpec(context.Type))
        {
            return;
        }

        var defaults = JsonSerializer.SerializeToNode(Activator.CreateInstance(context.Type), context.Type, RunSpecJson.Options)!;
        foreach (var property in context.Type.GetProperties())
        {
            var name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            if (!properties.TryGetValue(name, out var described))
            {
                continue;
            }

            if (defaults[name] is JsonValue value)
            {
                SetDefault(described, value);
            }

            if (property.PropertyType == typeof(ulong) && described is OpenApiSchema number)
            {
                number.Minimum = "0";
            }

            // A reference alone would refuse the null that stands for "none".
            if (described is OpenApiSchemaReference reference && IsNullable(property))
            {
                properties[name] = new OpenApiSchema
                {
                    Description = reference.Description,
                    OneOf = [new OpenApiSchema { Type = JsonSchemaType.Null }, reference],
                };
            }
        }

        SetItems(properties, context.Type);
    }

    private static bool IsPartOfASpec(Type type) =>
        type.Namespace == typeof(RunSpec).Namespace && type is { IsClass: true, IsAbstract: false }
        && type.GetConstructor(Type.EmptyTypes) is not null && type != typeof(RunForecast)
        && !type.Name.EndsWith("Statistics", StringComparison.Ordinal);

    private static bool IsNullable(PropertyInfo property)
    {
        lock (Nullability) // It keeps what it found, and is not made for several threads.
        {
            return Nullability.Create(property).WriteState == NullabilityState.Nullable;
        }
    }

    private static void SetDefault(IOpenApiSchema described, JsonValue value)
    {
        switch (described)
        {
            case OpenApiSchema inline:
                inline.Default = value.DeepClone();
                break;
            case OpenApiSchemaReference reference:
                reference.Default = value.DeepClone();
                break;
        }
    }

    private static void SetItems(IDictionary<string, IOpenApiSchema> properties, Type type)
    {
        if (type == typeof(NetworkOptions) && properties["layers"].Items is OpenApiSchema width)
        {
            (width.Minimum, width.Maximum) = ("1", TrainingOptionsValidator.MaximumWidth.ToString(CultureInfo.InvariantCulture));
        }
        else if (type == typeof(ScheduleOptions) && properties["stepEpochs"].Items is OpenApiSchema epoch)
        {
            epoch.Minimum = "1";
        }
    }
}
