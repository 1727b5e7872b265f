using System.CommandLine;
using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Verbs;

/// <summary>A verb that talks to the service whose address and key are stored or in the environment.</summary>
internal abstract class ClientVerb : Verb
{
    private readonly Option<bool> json = Flag("--json", "The service's own JSON on standard output, and nothing else there.");
    private readonly Option<string?> profile = Text("--profile", "NAME", "Which of the services that `login` stored (SPARSE_PROFILE).");
    private readonly Option<string?> key = new("--key") { Hidden = true, Arity = ArgumentArity.ZeroOrOne };

    protected ClientVerb(string name, string description, params string[] examples)
        : base(name, description, examples)
    {
        Options.Add(json);
        Options.Add(profile);
        Options.Add(key);
        key.Validators.Add(result => result.AddError(Secrets.RefusalOfKeyOption));
        SetAction(RunAsync);
    }

    /// <summary>Own options stand before those that every verb has.</summary>
    protected void Add(params ReadOnlySpan<Option> options)
    {
        foreach (var option in options)
        {
            Options.Insert(Options.Count - 3, option);
        }
    }

    protected abstract Task<int> RunAsync(Call call, CancellationToken cancellationToken);

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        using var client = new ServiceClient(Credentials.Find(arguments.GetValue(profile)));
        return await RunAsync(new Call(arguments, client, arguments.GetValue(json)), cancellationToken);
    }
}

/// <summary>What a verb works with.</summary>
/// <param name="Arguments">The parsed command line.</param>
/// <param name="Client">The service.</param>
/// <param name="Json">Whether a program reads.</param>
internal sealed record Call(ParseResult Arguments, ServiceClient Client, bool Json)
{
    /// <summary>Shows an answer of the service: as it came, or in words.</summary>
    public int Show(System.Text.Json.JsonElement answer, Action inWords)
    {
        if (Json)
        {
            JsonLine.Write(answer);
        }
        else
        {
            inWords();
        }

        return ExitCode.Done;
    }
}
