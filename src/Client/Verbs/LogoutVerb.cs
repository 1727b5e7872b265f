using System.CommandLine;
using SparseService.Client.Connection;

namespace SparseService.Client.Verbs;

/// <summary><c>sparse logout</c>: forgets a stored service. The key itself stays valid until an admin revokes it.</summary>
internal sealed class LogoutVerb : Verb
{
    private readonly Option<string?> profile = Text("--profile", "NAME", "Which one; without it the one in use.");

    public LogoutVerb()
        : base("logout", "Forgets a stored service and its key.", "./sparse logout", "./sparse logout --profile team")
    {
        Options.Add(profile);
        SetAction(Run);
    }

    private int Run(ParseResult arguments)
    {
        var profiles = Profiles.Load();
        var name = arguments.GetValue(profile) ?? profiles.CurrentName;
        if (arguments.GetValue(profile) is null && profiles.Current is null)
        {
            Console.WriteLine("Not signed in.");
            return ExitCode.Done;
        }

        var address = profiles.Require(name).Url;
        profiles.Remove(name);
        profiles.Save();
        Console.WriteLine($"Signed out of {address}. The key stays valid until an admin revokes it.");
        return ExitCode.Done;
    }
}
