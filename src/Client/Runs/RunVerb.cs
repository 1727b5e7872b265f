using System.CommandLine;
using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Verbs;

namespace SparseService.Client.Runs;

/// <summary>A verb about one run.</summary>
internal abstract class RunVerb : ClientVerb
{
    private readonly Argument<string> run = new("RUN") { Description = "Id, the beginning of one, or a name." };

    protected RunVerb(string name, string description, params string[] examples)
        : base(name, description, examples) => Arguments.Add(run);

    protected abstract Task<int> RunAsync(Call call, JsonElement run, CancellationToken cancellationToken);

    protected sealed override async Task<int> RunAsync(Call call, CancellationToken cancellationToken)
    {
        var found = await new Lookup(call.Client).RunAsync(call.Arguments.GetRequiredValue(run), cancellationToken);
        return await RunAsync(call, found, cancellationToken);
    }
}
