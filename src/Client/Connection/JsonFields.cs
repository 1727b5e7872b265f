using System.Text.Json;

namespace SparseService.Client.Connection;

/// <summary>Reads answers of the service, which leave out what has no value.</summary>
internal static class JsonFields
{
    public static string? Text(this JsonElement element, string name) =>
        Find(element, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static double? Number(this JsonElement element, string name) =>
        Find(element, name) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;

    public static long? Whole(this JsonElement element, string name) =>
        Find(element, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;

    public static bool Flag(this JsonElement element, string name) => Find(element, name) is { ValueKind: JsonValueKind.True };

    public static DateTimeOffset? Instant(this JsonElement element, string name) =>
        Find(element, name) is { ValueKind: JsonValueKind.String } value && value.TryGetDateTimeOffset(out var instant) ? instant : null;

    /// <summary>Empty when there is no such array.</summary>
    public static IReadOnlyList<JsonElement> Items(this JsonElement element, string name) =>
        Find(element, name) is { ValueKind: JsonValueKind.Array } value ? [.. value.EnumerateArray()] : [];

    public static JsonElement? Find(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    /// <exception cref="CliFault">The answer has no such field: something else than the service answered.</exception>
    public static Guid Id(this JsonElement element, string name = "id") =>
        Guid.TryParse(element.Text(name), out var id)
            ? id
            : throw new CliFault($"The answer has no {name}; is this a SparseService?", ExitCode.Unreachable);
}
