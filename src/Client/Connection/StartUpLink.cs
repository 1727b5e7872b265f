using System.Text.Json.Nodes;

namespace SparseService.Client.Connection;

/// <summary>The link that a service prints when it starts: its token buys a key, once, within an hour.</summary>
internal static class StartUpLink
{
    private const string Mark = "#start=";

    /// <returns>The address, and the token if the text is such a link.</returns>
    /// <exception cref="CliFault">It is neither.</exception>
    public static (string Address, string? Token) Parse(string text)
    {
        var split = text.IndexOf(Mark, StringComparison.Ordinal);
        return split < 0
            ? (Address.Parse(text, "The address"), null)
            : (Address.Parse(text[..split], "The address"), text[(split + Mark.Length)..].Trim());
    }

    public static async Task<string> ExchangeAsync(string address, string token, CancellationToken cancellationToken)
    {
        using var client = new ServiceClient(new Credentials(address, ""));
        var created = await client.PostAsync("v1/keys/exchange", new JsonObject { ["token"] = token }, cancellationToken);
        return created.Text("secret")
            ?? throw new CliFault($"{address} answers, but not as a SparseService does.", ExitCode.Unreachable);
    }
}
