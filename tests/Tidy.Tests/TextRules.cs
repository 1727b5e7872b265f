using System.Text.RegularExpressions;

namespace SparseService.Tidy.Tests;

/// <summary>Rules for every text file.</summary>
public partial class TextRules
{
    // Put together from pieces, so that this file does not break its own rule.
    private static readonly Regex MachinePath =
        new($"(^|[^a-zA-Z0-9_.~-])/({string.Join('|', "wo" + "rk", "ro" + "ot", "fa" + "rm", "tmp/bash" + "_jobs")})/");

    private static readonly Regex RegistryHost =
        new($"({string.Join('|', "nuget" + "\\.org", "registry\\.npmjs" + "\\.org", "pypi" + "\\.org", "pythonhosted" + "\\.org")})");

    public static TheoryData<string> Pages => [.. SourceTree.TextFiles.Where(path => path.EndsWith(".md", StringComparison.Ordinal))];

    [Fact]
    public void Path_Everywhere_BelongsToNoMachine() => Rule.HasNoFaults(Matches(MachinePath, SourceTree.TextFiles));

    // npm writes the registry's address into its lock file.
    [Fact]
    public void Host_Everywhere_IsNoPackageRegistry() =>
        Rule.HasNoFaults(Matches(RegistryHost, SourceTree.TextFiles.Where(path => Path.GetFileName(path) != "package-lock.json")));

    [Theory, MemberData(nameof(Pages))]
    public void Link_InPage_LeadsSomewhere(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(SourceTree.Root, page))!;
        var dead =
            from link in Link().Matches(SourceTree.Read(page))
            let target = link.Groups["target"].Value.Split('#')[0]
            where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
                && !target.StartsWith("mailto:", StringComparison.Ordinal)
            let path = Path.Combine(folder, Uri.UnescapeDataString(target))
            where !File.Exists(path) && !Directory.Exists(path)
            select target;

        Rule.HasNoFaults(dead);
    }

    private static IEnumerable<string> Matches(Regex pattern, IEnumerable<string> paths) =>
        from path in paths
        from line in SourceTree.ReadLines(path).Select((text, index) => (Text: text, Number: index + 1))
        where pattern.IsMatch(line.Text)
        select $"{path}:{line.Number} {line.Text.Trim()}";

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();
}
