using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SparseService.Engine.Training;

/// <summary>
/// Compares a JSON document with the type that it shall become and lists every difference. The serializer alone stops at the first one,
/// does not say what would be allowed, and gives no path for a missing property.
/// </summary>
internal static class JsonForm
{
    public static void Check(JsonElement element, Type declared, string path, JsonSerializerOptions options, List<SpecFault> faults)
    {
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (element.ValueKind == JsonValueKind.Null)
        {
            // Optional values may be null; a reference that must be there is caught by the validator, which knows what to say.
            if (declared.IsValueType && type == declared)
            {
                faults.Add(new SpecFault(path, "null", Allowed(type)));
            }

            return;
        }

        var info = options.GetTypeInfo(type);
        if (info.Kind == JsonTypeInfoKind.Object && element.ValueKind == JsonValueKind.Object)
        {
            CheckObject(element, info, path, options, faults);
        }
        else if (info.Kind == JsonTypeInfoKind.Enumerable && element.ValueKind == JsonValueKind.Array)
        {
            var index = 0;
            foreach (var item in element.EnumerateArray())
            {
                Check(item, info.ElementType!, $"{path}[{index++}]", options, faults);
            }
        }
        else if (info.Kind == JsonTypeInfoKind.Dictionary && element.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in element.EnumerateObject())
            {
                Check(property.Value, info.ElementType!, $"{path}.{property.Name}", options, faults);
            }
        }
        else if (info.Kind != JsonTypeInfoKind.None || !Fits(element, type, options))
        {
            faults.Add(new SpecFault(path, Shorten(element), Allowed(type)));
        }
    }

    private static void CheckObject(JsonElement element, JsonTypeInfo info, string path, JsonSerializerOptions options, List<SpecFault> faults)
    {
        foreach (var property in element.EnumerateObject())
        {
            if (info.Properties.FirstOrDefault(known => known.Name == property.Name) is { } known)
            {
                Check(property.Value, known.PropertyType, $"{path}.{property.Name}", options, faults);
            }
            else
            {
                faults.Add(new SpecFault($"{path}.{property.Name}", "not a known property", string.Join(", ", info.Properties.Select(p => p.Name))));
            }
        }

        foreach (var missing in info.Properties.Where(p => p.IsRequired && !element.TryGetProperty(p.Name, out _)))
        {
            faults.Add(new SpecFault($"{path}.{missing.Name}", "missing", Allowed(Nullable.GetUnderlyingType(missing.PropertyType) ?? missing.PropertyType)));
        }
    }

    private static bool Fits(JsonElement element, Type type, JsonSerializerOptions options)
    {
        try
        {
            element.Deserialize(type, options);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Allowed(Type type)
    {
        if (type.IsEnum)
        {
            return string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName));
        }

        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => "true or false",
            TypeCode.String => "a string",
            TypeCode.Int32 => $"a whole number up to {int.MaxValue}",
            TypeCode.Int64 => $"a whole number up to {long.MaxValue}",
            TypeCode.UInt64 => $"a whole number from 0 to {ulong.MaxValue}",
            TypeCode.Double or TypeCode.Single => "a number",
            TypeCode.DateTime => "a date and time",
            _ when type == typeof(Guid) => "an id such as 0199b6f0-0000-7000-8000-000000000000",
            _ when type != typeof(string) && typeof(System.Collections.IEnumerable).IsAssignableFrom(type) && !IsDictionary(type) => "an array",
            _ => "an object",
        };
    }

    private static bool IsDictionary(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is { } definition
        && (definition == typeof(Dictionary<,>) || definition == typeof(IReadOnlyDictionary<,>) || definition == typeof(IDictionary<,>));

    private static string Shorten(JsonElement element)
    {
        var text = element.GetRawText();
        return text.Length > 100 ? text[..100] + "…" : text;
    }
}
