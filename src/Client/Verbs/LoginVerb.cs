using System.CommandLine;
using Spectre.Console;
using SparseService.Client.Connection;
using SparseService.Client.Output;

namespace SparseService.Client.Verbs;

/// <summary><c>sparse login</c>: stores the address and key of a service after asking it whether they are right.</summary>
internal sealed class LoginVerb : Verb
{
    private readonly Argument<string?> url = new("URL")
    {
        Description = $"Address of the service, or the link that it printed; asked for on a terminal, else {Address.Default}.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> profile = Text(
        "--profile", "NAME", "Store it under a name of its own; several services, several names.");
    private readonly Option<bool> list = Flag("--list", "Show the stored services.");
    private readonly Option<string?> use = Text("--use", "NAME", "Change to another stored service.");
    private readonly Option<string?> key = new("--key") { Hidden = true, Arity = ArgumentArity.ZeroOrOne };

    public LoginVerb()
        : base(
            "login", "Stores the address and key of a service, after asking it whether they are right.",
            "./sparse login",
            "./sparse login 'http://127.0.0.1:5230/#start=st_…'",
            "./sparse login https://sparse.example.org --profile team < key.txt",
            "./sparse login --list",
            "./sparse login --use team")
    {
        Arguments.Add(url);
        foreach (var option in new Option[] { profile, list, use, key })
        {
            Options.Add(option);
        }

        key.Validators.Add(result => result.AddError(Secrets.RefusalOfKeyOption));
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var profiles = Profiles.Load();
        if (arguments.GetValue(use) is { } wanted)
        {
            profiles.Use(wanted);
            profiles.Save();
            Console.WriteLine($"In use: {wanted}, {profiles.Current!.Url}");
            return ExitCode.Done;
        }

        if (arguments.GetValue(list))
        {
            return List(profiles);
        }

        var name = arguments.GetValue(profile) ?? Credentials.Variable(Credentials.ProfileVariable) ?? Profiles.DefaultName;
        var (address, token) = StartUpLink.Parse(AskAddress(arguments.GetValue(url), profiles.Find(name)?.Url));
        if (Address.IsOpenToListeners(address))
        {
            Console.Error.WriteLine($"Warning: {address} is not encrypted; everybody on the way can read the key. Better: https.");
        }

        var service = new Credentials(address, token is null ? AskKey()
            : await StartUpLink.ExchangeAsync(address, token, cancellationToken));
        using var client = new ServiceClient(service);
        var self = await client.GetAsync("v1/keys/self", cancellationToken);
        var role = self.Text("role") ?? throw new CliFault($"{address} answers, but not as a SparseService does.", ExitCode.Unreachable);
        profiles.Set(name, service);
        profiles.Save();
        Console.WriteLine($"Signed in to {address} as {Words.Safe(self.Text("name") ?? "")} ({role}); stored in {Profiles.File}.");
        return ExitCode.Done;
    }

    private static int List(Profiles profiles)
    {
        var table = new Output.Table("", "profile", "address");
        foreach (var name in profiles.Names)
        {
            table.Add(name == profiles.CurrentName ? "*" : "", name, profiles.Find(name)?.Url ?? "");
        }

        table.Write();
        return ExitCode.Done;
    }

    private static string AskAddress(string? given, string? stored)
    {
        if (given is not null)
        {
            return given;
        }

        if (Credentials.Variable(Credentials.UrlVariable) is { } variable)
        {
            return variable;
        }

        var usual = stored ?? Address.Default;
        return Console.IsInputRedirected || !Terminal.IsLive
            ? usual
            : AnsiConsole.Prompt(new TextPrompt<string>("Address of the service, or the link that it printed:").DefaultValue(usual));
    }

    private static string AskKey()
    {
        if (Credentials.Variable(Credentials.KeyVariable) is { } variable)
        {
            return variable.Trim();
        }

        var typed = Console.IsInputRedirected || !Terminal.IsLive
            ? Console.In.ReadLine()
            : AnsiConsole.Prompt(new TextPrompt<string>("Key (as the service showed it, sk_…):").Secret('*'));
        return typed?.Trim() is { Length: > 0 } key
            ? key
            : throw new CliFault(
                $"No key was given: type it at the prompt, pass it on standard input (`{CommandName.Current} login URL < key.txt`), or set "
                + $"{Credentials.KeyVariable}.", ExitCode.BadInput);
    }
}
