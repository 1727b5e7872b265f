using System.CommandLine;
using SparseService.Cli.Machine;
using SparseService.Cli.Verbs;

namespace SparseService.Cli.Bench;

/// <summary>A measurement with a result file and a table.</summary>
internal abstract class Benchmark<TResult> : Verb
    where TResult : class
{
    // Of all processors: more than what a system does by itself.
    private const double QuietShare = 0.1;

    private readonly int defaultRounds;
    private readonly Option<int?> rounds;
    private readonly Option<bool> quick = Flag("--quick", "Tiny shapes, one round, no result file: shows that it works.");
    private readonly Option<bool> json = Flag("--json", "Print the result file in place of the table.");

    /// <param name="duration">How long the default form takes, e.g. <c>about 3 minutes</c>.</param>
    protected Benchmark(string name, string description, string duration, int defaultRounds, params string[] examples)
        : base(name, $"{description} Takes {duration}.", examples)
    {
        this.defaultRounds = defaultRounds;
        rounds = Number("--rounds", 1, $"Rounds, in each of which every side is measured once ({defaultRounds}).");
        Options.Add(rounds);
        Options.Add(quick);
        Options.Add(json);
        SetAction(RunAsync);
    }

    protected abstract Task<TResult> MeasureAsync(BenchRun run, CancellationToken cancellationToken);

    protected abstract void Print(TResult result);

    /// <summary>Without extension; the verb's name unless options make it another measurement.</summary>
    protected virtual string FileName(TResult result) => Name;

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var isQuick = arguments.GetValue(quick);
        var origin = await Origin.OfAsync(arguments, isQuick, cancellationToken);
        if (origin.BusyBefore > QuietShare)
        {
            BenchRun.Say($"The machine is not quiet ({origin.BusyBefore:0 %} busy): these figures will not be worth keeping.");
        }

        var run = new BenchRun(
            arguments, Checkout.Require("bench"), isQuick, arguments.GetValue(rounds) ?? (isQuick ? 1 : defaultRounds), origin);
        var result = await MeasureAsync(run, cancellationToken);
        var text = ResultFile.Serialize(result);
        var path = isQuick ? null : await ResultFile.WriteAsync(run.Root, FileName(result), text, cancellationToken);
        if (arguments.GetValue(json))
        {
            Console.WriteLine(text);
            return ExitCode.Done;
        }

        Print(result);
        Console.WriteLine(path is null ? "A quick run: no measurement, nothing written." : $"Written to {path}");
        return ExitCode.Done;
    }
}
