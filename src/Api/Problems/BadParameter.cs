using System.Text.RegularExpressions;

namespace SparseService.Api.Problems;

/// <summary>Reads out of the framework's exception which route or query parameter could not be bound.</summary>
internal static partial class BadParameter
{
    public static ApiFault From(BadHttpRequestException exception, HttpRequest request)
    {
        var failed = FailedToBind().Match(exception.Message);
        if (failed.Success)
        {
            var name = failed.Groups["name"].Value;
            return ApiFault.Of(name, failed.Groups["value"].Value, InWords(failed.Groups["type"].Value));
        }

        var missing = Missing().Match(exception.Message);
        return missing.Success
            ? ApiFault.Of(missing.Groups["name"].Value, null, InWords(missing.Groups["type"].Value))
            : ApiFault.Of("request", request.Path, "a well-formed request");
    }

    private static string InWords(string type) => type.TrimEnd('?') switch
    {
        "int" or "long" => "a whole number",
        "double" or "float" => "a number",
        "bool" => "true or false",
        "Guid" => "a UUID",
        "DateTimeOffset" => "an ISO 8601 instant, e.g. 2026-01-31T12:00:00Z",
        var other => $"a {other}",
    };

    [GeneratedRegex("""Failed to bind parameter "(?:Nullable<)?(?<type>[\w.?\[\]]+)>? (?<name>\w+)" from "(?<value>.*)"\.$""")]
    private static partial Regex FailedToBind();

    [GeneratedRegex("""Required parameter "(?<type>[\w.?\[\]]+) (?<name>\w+)" was not provided""")]
    private static partial Regex Missing();
}
