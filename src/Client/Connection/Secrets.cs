using System.Text.RegularExpressions;

namespace SparseService.Client.Connection;

/// <summary>Keeps keys out of what is printed.</summary>
internal static partial class Secrets
{
    public const string RefusalOfKeyOption =
        "--key is not taken: everybody on this machine can read a command line. "
        + "Set SPARSE_KEY, or store the key with `sparse login`, which reads it from a prompt or from standard input.";

    /// <summary>
    /// The same text with the secret part of every key, and every start-up link's token, gone; the prefix, by which a key is recognised,
    /// stays.
    /// </summary>
    public static string Hide(string text) => Key().Replace(text, "${kind}_${prefix}…");

    [GeneratedRegex(@"\b(?<kind>sk|st)_(?<prefix>(?<=sk_)[0-9a-f]{0,8})?[A-Za-z0-9_-]*")]
    private static partial Regex Key();
}
