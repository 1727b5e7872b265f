using System.Text.Json;
using SparseService.Cli.Machine;

namespace SparseService.Cli.Bench;

/// <summary><c>sparse train</c> in a process of its own, as a user would start it.</summary>
internal static class OwnTraining
{
    /// <summary>Trains one epoch to warm up and then the timed ones, on one thread.</summary>
    /// <returns>Training and evolution seconds of each timed epoch; peak memory of the process.</returns>
    public static async Task<(IReadOnlyList<double> Seconds, long PeakMemoryBytes)> MeasureAsync(
        string spec, string data, int epochs, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "sparse.dll"),
            "train", spec, "--data", data, "--epochs", $"{epochs + 1}", "--threads", "1", "--json",
        ];
        var process = await ChildProcess.RunAsync(Programs.Dotnet, arguments, cancellationToken);
        if (!process.Succeeded)
        {
            throw new CliFault($"sparse train ended with {process.ExitCode}:\n{process.Tail(10)}");
        }

        var lines = process.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();
        var seconds = lines.Where(line => line.GetProperty("event").GetString() == "epoch").Skip(1)
            .Select(line => line.GetProperty("trainSeconds").GetDouble() + line.GetProperty("evolutionSeconds").GetDouble());
        return ([.. seconds], lines[^1].GetProperty("peakMemoryBytes").GetInt64());
    }
}
