namespace SparseService.Client.Connection;

/// <summary>The part of an address behind the question mark.</summary>
internal static class Query
{
    /// <summary>Each with a leading <c>&amp;</c>; what has no value is left out.</summary>
    public static string Of(IEnumerable<(string Name, string? Value)> parts, IEnumerable<(string Name, string? Value)>? more = null) =>
        string.Concat(parts.Concat(more ?? []).Where(part => part.Value is not null)
            .Select(part => $"&{part.Name}={Uri.EscapeDataString(part.Value!)}"));
}
