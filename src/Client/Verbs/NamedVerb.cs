using System.CommandLine;
using System.Text.Json;
using SparseService.Client.Connection;

namespace SparseService.Client.Verbs;

/// <summary>A verb about one thing that the service knows: a run, a dataset, a model.</summary>
internal abstract class NamedVerb : ClientVerb
{
    private readonly Argument<string> thing;
    private readonly Find find;

    /// <param name="argument">What help calls the thing: <c>RUN</c> …</param>
    /// <param name="find">Finds it by id, the beginning of one, or a name.</param>
    protected NamedVerb(string argument, string argumentDescription, Find find, string name, string description, string[] examples)
        : base(name, description, examples)
    {
        thing = new Argument<string>(argument) { Description = argumentDescription };
        this.find = find;
        Arguments.Add(thing);
    }

    protected delegate Task<JsonElement> Find(Lookup lookup, string name, CancellationToken cancellationToken);

    /// <param name="found">As the service describes it.</param>
    protected abstract Task<int> RunAsync(Call call, JsonElement found, CancellationToken cancellationToken);

    protected sealed override async Task<int> RunAsync(Call call, CancellationToken cancellationToken) => await RunAsync(
        call, await find(new Lookup(call.Client), call.Arguments.GetRequiredValue(thing), cancellationToken), cancellationToken);
}
