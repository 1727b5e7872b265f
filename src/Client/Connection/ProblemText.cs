using System.Net;
using System.Text;
using System.Text.Json;

namespace SparseService.Client.Connection;

/// <summary>Refusals of the service in words: what happened, then field, value and what is allowed.</summary>
internal static class ProblemText
{
    private const int LongestBody = 300;

    public static async Task<CliFault> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var body = await answer.Content.ReadAsStringAsync(cancellationToken);
        return Of(answer.StatusCode, body, answer.RequestMessage?.RequestUri, answer.Headers.Location);
    }

    private static CliFault Of(HttpStatusCode status, string body, Uri? asked, Uri? location)
    {
        var code = ExitCodeOf(status);
        var address = asked?.GetLeftPart(UriPartial.Authority);
        if (status == HttpStatusCode.Unauthorized)
        {
            return new CliFault($"{address} does not know this key, or no longer; `{CommandName.Current} login` stores another.", code);
        }

        if ((int)status is >= 300 and < 400)
        {
            return new CliFault($"{address} sends its callers to {location?.GetLeftPart(UriPartial.Authority)}: use that address.", code);
        }

        if (Parse(body) is not { } problem)
        {
            var text = body.Length == 0 ? "nothing" : body[..Math.Min(body.Length, LongestBody)];
            return new CliFault($"{asked} was answered with {(int)status} and no explanation: {Output.Words.Safe(text)}", code);
        }

        var lines = new StringBuilder(Output.Words.Safe(problem.Text("detail") ?? problem.Text("title") ?? $"Refused with {(int)status}."));
        foreach (var fault in problem.Items("errors"))
        {
            var row = fault.Whole("row") is { } number ? $"row {number}: " : "";
            var text = $"{fault.Text("path")} is {fault.Text("value")}; allowed: {fault.Text("allowed")}";
            lines.Append($"\n  {row}{Output.Words.Safe(text)}");
        }

        if ((int)status >= 500 && problem.Text("traceId") is { } trace)
        {
            lines.Append($"\n  The service's log has more under {Output.Words.Safe(trace)}.");
        }

        return new CliFault(lines.ToString(), code);
    }

    private static int ExitCodeOf(HttpStatusCode status) => (int)status switch
    {
        401 or 403 or 408 or 429 or 502 or 503 or 504 => ExitCode.Unreachable,
        >= 300 and < 400 => ExitCode.Unreachable,
        >= 500 => ExitCode.Failed,
        _ => ExitCode.BadInput,
    };

    private static JsonElement? Parse(string body)
    {
        try
        {
            return JsonElement.Parse(body) is { ValueKind: JsonValueKind.Object } problem ? problem : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
