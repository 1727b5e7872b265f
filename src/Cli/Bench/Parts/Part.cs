using System.CommandLine;
using System.Text.Json;
using SparseService.Cli.Machine;
using SparseService.Cli.Verbs;

namespace SparseService.Cli.Bench.Parts;

/// <summary>
/// A measurement in a process of its own, started by a benchmark: only then is peak memory that of this one network, and only so can two
/// of them run side by side. Prints one JSON object.
/// </summary>
internal abstract class Part<TResult> : Verb
{
    protected Part(string name, string description)
        : base(name, description)
    {
        Hidden = true;
        SetAction(async (arguments, cancellationToken) =>
        {
            Console.WriteLine(JsonSerializer.Serialize(await MeasureAsync(arguments, cancellationToken), ResultFile.Json));
            return ExitCode.Done;
        });
    }

    /// <summary>Starts this part with the given options and waits for what it prints.</summary>
    protected static async Task<TResult?> StartAsync(string name, IEnumerable<string> options, CancellationToken cancellationToken)
    {
        var process = await ChildProcess.RunAsync(
            Programs.Dotnet, [Path.Combine(AppContext.BaseDirectory, "sparse.dll"), "bench", name, .. options], cancellationToken);
        return process.Succeeded
            ? JsonSerializer.Deserialize<TResult>(process.StandardOutput, ResultFile.Json)
            : throw new CliFault($"sparse bench {name} {string.Join(' ', options)} ended with {process.ExitCode}:\n{process.Tail(10)}");
    }

    protected abstract Task<TResult> MeasureAsync(ParseResult arguments, CancellationToken cancellationToken);
}
