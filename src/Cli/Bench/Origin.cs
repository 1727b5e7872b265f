using System.CommandLine;
using System.Globalization;

namespace SparseService.Cli.Bench;

/// <summary>What every result file says of where its numbers come from.</summary>
/// <param name="Command">Repeats the measurement; DIR stands for a folder of the user's.</param>
/// <param name="BusyBefore">
/// Share of all processors that others kept busy just before: near 0 on a quiet machine, whose figures alone are worth keeping. Null where
/// the system does not tell, and in quick runs.
/// </param>
internal sealed record Origin(string Command, string Date, string Processor, string Runtime, double? BusyBefore)
{
    private const string Statistics = "/proc/stat";

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);
    private static readonly string[] Folders = ["--data", "--madelon"];

    public static async Task<Origin> OfAsync(ParseResult arguments, bool quick, CancellationToken cancellationToken)
    {
        var words = arguments.Tokens.Select(token => token.Value).ToArray();
        for (var at = 1; at < words.Length; at++)
        {
            words[at] = Folders.Contains(words[at - 1]) ? "DIR" : words[at];
        }

        var shown = words.Where(word => word != "--json");
        return new Origin(
            $"./sparse {string.Join(' ', shown)}", TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            CpuModel.Name, Environment.Version.ToString(), quick ? null : await BusyAsync(cancellationToken));
    }

    private static async Task<double?> BusyAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Statistics))
        {
            return null;
        }

        var (busyBefore, allBefore) = Ticks();
        await Task.Delay(Window, cancellationToken);
        var (busy, all) = Ticks();
        return all > allBefore ? (double)(busy - busyBefore) / (all - allBefore) : null;
    }

    // The first line: user, nice, system, idle, waiting for a disk, and several kinds of interrupts.
    private static (long Busy, long All) Ticks()
    {
        var ticks = File.ReadLines(Statistics).First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]
            .Select(word => long.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }
}
