using SparseService.Client.Verbs;

namespace SparseService.Client.Runs;

/// <summary>A verb about one run.</summary>
internal abstract class RunVerb(string name, string description, params string[] examples) : NamedVerb(
    "RUN", "Id, the beginning of one, or a name.", (lookup, text, token) => lookup.RunAsync(text, token),
    name, description, examples);
