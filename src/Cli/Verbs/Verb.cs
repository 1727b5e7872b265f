using System.CommandLine;

namespace SparseService.Cli.Verbs;

/// <summary>A verb of <c>sparse</c>, with examples for its <c>--help</c>.</summary>
internal abstract class Verb(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; } = examples;
}
