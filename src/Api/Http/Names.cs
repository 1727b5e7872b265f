namespace SparseService.Api.Http;

/// <summary>What clients may call things. Names never reach a file system, and still may not look as if they could.</summary>
internal static class Names
{
    public const string Allowed = "1 to 200 characters, none of them a control character, / \\ ; : or part of ..";
    private const int LongestName = 200;
    private const string Forbidden = "/\\;:\u2215\u2044\uFF0F\uFF3C";

    public static bool IsAllowed(string name) =>
        name.Length is > 0 and <= LongestName
        && name.Trim().Length == name.Length
        && !name.Contains("..", StringComparison.Ordinal)
        && name != "."
        && !name.Any(character => char.IsControl(character) || char.IsSurrogate(character) || Forbidden.Contains(character));
}
