using System.CommandLine;
using Spectre.Console;

namespace SparseService.Cli.Bench;

/// <summary>One call of a benchmark.</summary>
/// <param name="Root">Of the checkout.</param>
/// <param name="Quick">Tiny shapes, for tests: shows that it works, measures nothing.</param>
/// <param name="Rounds">In each of which every side is measured once.</param>
internal sealed record BenchRun(ParseResult Arguments, string Root, bool Quick, int Rounds, Origin Origin)
{
    /// <summary>Progress goes to standard error: standard output is the result's.</summary>
    public static void Say(string line) => Console.Error.WriteLine(line);

    /// <summary>Writes a table, at its full width where nobody's terminal sets one.</summary>
    public static void Show(Table table)
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 160;
        }

        AnsiConsole.Write(table);
    }
}
