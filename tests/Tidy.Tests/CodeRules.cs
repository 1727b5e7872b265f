using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace SparseService.Tidy.Tests;

/// <summary>Rules for C# files. A rule's test lists every fault, so that one run shows all of them.</summary>
public class CodeRules
{
    private const int MostFunctionLines = 70;
    private const int MostFileLines = 400;
    private const int MostColumns = 140;

    private static readonly string[] ForbiddenSuffixes = ["Manager", "Helper", "Helpers", "Utils", "Util", "Processor", "Service"];

    // Written before the rule; take a folder out when its lines are within it.
    private static readonly string[] StillWide =
    [
        "src/Engine/", "src/Jobs/", "src/Persistence/", "tests/Engine.Tests/", "tests/Jobs.Tests/",
    ];

    [Fact]
    public void Function_Everywhere_HasAtMost70Lines()
    {
        var faults =
            from file in SourceTree.CSharp
            from node in file.Syntax.DescendantNodes()
            where node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax
            let lines = Lines(node)
            where lines > MostFunctionLines
            select $"{file.Path}:{FirstLine(node)} {Name(node)} has {lines} lines";

        Rule.HasNoFaults(faults);
    }

    [Fact]
    public void File_Everywhere_HasAtMost400Lines()
    {
        var faults =
            from file in SourceTree.CSharp
            let lines = SourceTree.ReadLines(file.Path).Count()
            where lines > MostFileLines
            select $"{file.Path} has {lines} lines";

        Rule.HasNoFaults(faults);
    }

    [Fact]
    public void Line_Everywhere_HasAtMost140Columns()
    {
        var faults =
            from file in SourceTree.CSharp
            from line in SourceTree.ReadLines(file.Path).Select((text, index) => (Text: text, Number: index + 1))
            where line.Text.Length > MostColumns && !StillWide.Any(folder => file.Path.StartsWith(folder, StringComparison.Ordinal))
            select $"{file.Path}:{line.Number} has {line.Text.Length} columns";

        Rule.HasNoFaults(faults);
    }

    [Fact]
    public void TypeName_Everywhere_SaysWhatTheTypeIs()
    {
        var faults =
            from file in SourceTree.CSharp
            from type in file.Syntax.DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
            let name = type.Identifier.Text
            where ForbiddenSuffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal))
            select $"{file.Path} declares {name}";

        Rule.HasNoFaults(faults);
    }

    [Fact]
    public void Body_Everywhere_IsWritten()
    {
        var stubs =
            from file in SourceTree.CSharp
            from creation in file.Syntax.DescendantNodes().OfType<ObjectCreationExpressionSyntax>()
            where creation.Type.ToString() is "NotImplementedException"
                || (creation is { ArgumentList.Arguments.Count: 0, Type: IdentifierNameSyntax { Identifier.Text: "NotSupportedException" } }
                    && !IsInStream(creation))
            select $"{file.Path}:{FirstLine(creation)} {creation}";
        var promises =
            from file in SourceTree.CSharp
            from trivia in file.Syntax.DescendantTrivia()
            where Promises.Any(word => trivia.ToString().Contains(word, StringComparison.Ordinal))
            select $"{file.Path}: {trivia}";

        Rule.HasNoFaults(stubs.Concat(promises));
    }

    // Comments only: the words may stand in code, as they do here.
    private static readonly string[] Promises = ["TODO", "FIXME", "HACK"];

    // A stream must say so of what it cannot do.
    private static bool IsInStream(SyntaxNode node) =>
        node.FirstAncestorOrSelf<ClassDeclarationSyntax>()?.BaseList?.Types
            .Any(type => type.ToString().EndsWith("Stream", StringComparison.Ordinal)) == true;

    private static int Lines(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static int FirstLine(SyntaxNode node) => node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;

    private static string Name(SyntaxNode node) => node switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        LocalFunctionStatementSyntax function => function.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        _ => node.Kind().ToString(),
    };
}
