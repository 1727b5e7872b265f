using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace SparseService.Tidy.Tests;

/// <summary>The files of this repository, read once for all rules.</summary>
internal static class SourceTree
{
    private static readonly string[] NotOurs = ["artifacts", "node_modules", "wwwroot", ".git", ".sparse", "shared", "dist"];

    private static readonly string[] TextEndings =
    [
        ".cs", ".ts", ".css", ".html", ".cl", ".ptx", ".md", ".json", ".yml", ".yaml", ".csproj", ".props", ".sh", ".py", ".cmd", ".txt",
        ".sln",
    ];

    private static readonly string[] OtherTexts = ["sparse", "run", "Dockerfile", ".editorconfig"];

    public static string Root { get; } = FindRoot();

    /// <summary>Every text file, with paths relative to the root and slashes between folders.</summary>
    public static IReadOnlyList<string> TextFiles { get; } = [.. Files(Root).Select(Relative).Order(StringComparer.Ordinal)];

    /// <summary>Every C# file that a person wrote.</summary>
    public static IReadOnlyList<(string Path, SyntaxNode Syntax)> CSharp { get; } =
    [
        .. TextFiles.Where(IsWrittenCSharp).Select(path => (path, CSharpSyntaxTree.ParseText(Read(path)).GetRoot())),
    ];

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static IEnumerable<string> ReadLines(string path) => File.ReadLines(Path.Combine(Root, path));

    private static bool IsWrittenCSharp(string path) =>
        path.EndsWith(".cs", StringComparison.Ordinal) && !path.Contains("/Migrations/", StringComparison.Ordinal);

    private static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static IEnumerable<string> Files(string folder)
    {
        var own = Directory.EnumerateFiles(folder)
            .Where(path => TextEndings.Contains(Path.GetExtension(path)) || OtherTexts.Contains(Path.GetFileName(path)));
        var folders = Directory.EnumerateDirectories(folder).Where(child => !NotOurs.Contains(Path.GetFileName(child)));
        return own.Concat(folders.SelectMany(Files));
    }

    private static string FindRoot()
    {
        const string WithoutTree = "These tests read the source tree, and there is none above them.";
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "SparseService.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException(WithoutTree);
        }

        return folder.FullName;
    }
}
