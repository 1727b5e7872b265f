using System.CommandLine;
using System.Globalization;

namespace SparseService.Cli.Bench;

/// <summary>What every result file says of where its numbers come from.</summary>
/// <param name="Command">Repeats the measurement; DIR stands for a folder of the user's.</param>
/// <param name="LoadBefore">
/// Processes that were at work in the minute before, on average (the system's load): near 0 on a quiet machine, whose figures
/// alone are worth keeping. Null where the system does not tell.
/// </param>
internal sealed record Origin(string Command, string Date, string Processor, string Runtime, double? LoadBefore)
{
    private static readonly string[] Folders = ["--data", "--madelon"];

    public static Origin Of(ParseResult arguments)
    {
        var words = arguments.Tokens.Select(token => token.Value).ToArray();
        for (var at = 1; at < words.Length; at++)
        {
            words[at] = Folders.Contains(words[at - 1]) ? "DIR" : words[at];
        }

        var shown = words.Where(word => word != "--json");
        return new Origin(
            $"./sparse {string.Join(' ', shown)}", TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            CpuModel.Name, Environment.Version.ToString(), Load());
    }

    private static double? Load()
    {
        const string File = "/proc/loadavg";
        return System.IO.File.Exists(File)
            ? double.Parse(System.IO.File.ReadAllText(File).Split(' ')[0], CultureInfo.InvariantCulture)
            : null;
    }
}
