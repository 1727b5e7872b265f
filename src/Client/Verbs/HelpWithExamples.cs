using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace SparseService.Client.Verbs;

/// <summary>The library's help text, then the verb's examples.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private readonly HelpAction help = new();

    public static void Use(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            option.Action = new HelpWithExamples();
        }
    }

    public override int Invoke(ParseResult parseResult)
    {
        help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is Verb { Examples.Count: > 0 } verb)
        {
            Console.WriteLine("Examples:");
            foreach (var example in verb.Examples)
            {
                Console.WriteLine($"  {example.Replace(CommandName.InExamples, CommandName.Current, StringComparison.Ordinal)}");
            }

            Console.WriteLine();
        }

        if (parseResult.CommandResult.Command is RootCommand or ClientVerb)
        {
            Console.WriteLine("Exit codes:");
            foreach (var (code, meaning) in ExitCode.Table)
            {
                Console.WriteLine($"  {code,3}  {meaning}");
            }

            Console.WriteLine();
        }

        return ExitCode.Done;
    }
}
