using SparseService.Client.Verbs;

namespace SparseService.Client.Models;

/// <summary>A verb about one model.</summary>
internal abstract class ModelVerb(string name, string description, params string[] examples) : NamedVerb(
    "MODEL", "Id, the beginning of one, or a name: of the model or of its run.", (lookup, text, token) => lookup.ModelAsync(text, token),
    name, description, examples);
