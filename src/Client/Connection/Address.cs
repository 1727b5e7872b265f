namespace SparseService.Client.Connection;

/// <summary>Where a service answers.</summary>
internal static class Address
{
    public const string Default = "http://127.0.0.1:5230";

    /// <summary>The address in one spelling, without a slash at its end.</summary>
    /// <param name="source">What named it, for the message.</param>
    /// <exception cref="CliFault">It is none.</exception>
    public static string Parse(string text, string source)
    {
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var uri)
            || uri.Scheme is not ("http" or "https")
            || uri.Query.Length + uri.Fragment.Length + uri.UserInfo.Length > 0)
        {
            // What stands before an @ or behind a question mark may be a secret.
            var shown = text.Split('?', '#')[0];
            shown = shown.Length == 0 ? "(nothing)" : shown.Contains('@', StringComparison.Ordinal)
                ? $"…{shown[shown.LastIndexOf('@')..]}" : shown;
            throw new CliFault(
                $"{source} is {Secrets.Hide(shown)}{(text.Contains('?', StringComparison.Ordinal) ? "?…" : "")}; "
                + $"allowed: http(s)://HOST[:PORT], like {Default}", ExitCode.BadInput);
        }

        return uri.GetLeftPart(UriPartial.Path).TrimEnd('/');
    }

    /// <summary>Whether a key sent there could be read on the way.</summary>
    public static bool IsOpenToListeners(string address) => new Uri(address) is { Scheme: "http", IsLoopback: false };
}
