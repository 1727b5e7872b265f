using System.CommandLine;
using System.Text.Json;
using SparseService.Client.Connection;
using SparseService.Client.Verbs;

namespace SparseService.Client.Models;

/// <summary>A verb about one model.</summary>
internal abstract class ModelVerb : ClientVerb
{
    private readonly Argument<string> model = new("MODEL")
    {
        Description = "Id, the beginning of one, or a name: of the model or of its run.",
    };

    protected ModelVerb(string name, string description, params string[] examples)
        : base(name, description, examples) => Arguments.Add(model);

    protected abstract Task<int> RunAsync(Call call, JsonElement model, CancellationToken cancellationToken);

    protected sealed override async Task<int> RunAsync(Call call, CancellationToken cancellationToken) => await RunAsync(
        call, await new Lookup(call.Client).ModelAsync(call.Arguments.GetRequiredValue(model), cancellationToken), cancellationToken);
}
