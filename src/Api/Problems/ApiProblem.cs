using Microsoft.AspNetCore.WebUtilities;
using SparseService.Engine.Training;

namespace SparseService.Api.Problems;

/// <summary>RFC 9457 problem details: the body of every answer that is not a success.</summary>
public sealed record ApiProblem
{
    public const string ContentType = "application/problem+json";

    /// <summary>What kind of problem this is: a URI of RFC 9110's section on the status.</summary>
    public required string Type { get; init; }

    /// <summary>The status in words.</summary>
    public required string Title { get; init; }

    public required int Status { get; init; }

    /// <summary>What went wrong and what to do, for people.</summary>
    public required string Detail { get; init; }

    /// <summary>Every single thing that is wrong.</summary>
    public IReadOnlyList<ApiFault> Errors { get; init; } = [];

    /// <summary>Finds the request in the logs.</summary>
    public string? TraceId { get; init; }

    public static ApiProblem Of(int status, string detail, params IReadOnlyList<ApiFault> errors) => new()
    {
        Type = $"https://www.rfc-editor.org/rfc/rfc9110#status.{status}",
        Title = ReasonPhrases.GetReasonPhrase(status),
        Status = status,
        Detail = detail,
        Errors = errors,
    };
}

/// <param name="Path">JSON path of the value (<c>$.training.epochs</c>), or the name of a parameter, header or file.</param>
/// <param name="Value">The value as given, shortened to 100 characters.</param>
/// <param name="Allowed">What would be accepted.</param>
/// <param name="Row">Row of a file from 1, where the fault is a row's.</param>
public sealed record ApiFault(string Path, string Value, string Allowed, string Message, long? Row = null)
{
    // Of a path too: a name may be the sender's.
    private const int LongestValue = 100;

    public static ApiFault Of(string path, object? value, string allowed)
    {
        var (name, text) = (Shorten(path), Shorten(value));
        return new ApiFault(name, text, allowed, $"{name} is {text}; allowed: {allowed}");
    }

    public static ApiFault From(SpecFault fault) => Of(fault.Path, fault.Value, fault.Allowed);

    private static string Shorten(object? value)
    {
        var text = value is null ? "(missing)" : Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "";
        text = text.Length == 0 ? "(empty)" : text;
        return text.Length <= LongestValue ? text : text[..(LongestValue - 1)] + "…";
    }
}
