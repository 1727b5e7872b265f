using System.Text.Json;
using SparseService.Cli.Machine;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Peers;

/// <summary><c>sparse train</c> in a process of its own, as a user would start it.</summary>
/// <param name="spec">Path of the spec.</param>
/// <param name="data">Folder of the data.</param>
internal sealed class OwnTraining(string spec, string data, int threads)
{
    public const string SideName = "sparse train";

    /// <summary>Writes options as a spec file.</summary>
    public static string WriteSpec(string folder, string name, TrainingOptions options)
    {
        var path = Path.Combine(folder, $"{name}.json");
        File.WriteAllText(path, JsonSerializer.Serialize(new RunSpec { Training = options }, RunSpecJson.Options));
        return path;
    }

    // Twelve to warm up: where an epoch takes a tenth of a second, the compiler is still at work in the sixth (measured, cifar10 at 0.001:
    // 0.101 s an epoch in the second to fifth, 0.077 later). Then four timed ones, and one more, since none evolves after the last.
    private const int WarmUp = 12;
    private const int Epochs = WarmUp + 5;

    /// <summary>Trains some epochs: the first ones would show the compiler's work, not the training's.</summary>
    /// <returns>Training and evolution seconds of an epoch, median of four; peak memory of the process.</returns>
    public async Task<Measurement> MeasureAsync(CancellationToken cancellationToken)
    {
        var lines = await RunAsync(Epochs, 1, cancellationToken);
        var epochs = lines.Where(line => line.GetProperty("event").GetString() == "epoch").Take(WarmUp..^1);
        var seconds = epochs.Select(
            epoch => epoch.GetProperty("trainSeconds").GetDouble() + epoch.GetProperty("evolutionSeconds").GetDouble());
        return new Measurement(new Series([.. seconds]).Median, lines[^1].GetProperty("peakMemoryBytes").GetInt64());
    }

    /// <summary>The lines of <c>--json</c>.</summary>
    public async Task<IReadOnlyList<JsonElement>> RunAsync(int epochs, int seed, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "sparse.dll"), "train", spec, "--data", data, "--epochs", $"{epochs}",
            "--seed", $"{seed}", "--threads", $"{threads}", "--json",
        ];
        var process = await ChildProcess.RunAsync(Programs.Dotnet, arguments, cancellationToken);
        return process.Succeeded
            ? [.. process.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))]
            : throw new CliFault($"sparse train ended with {process.ExitCode}:\n{process.Tail(10)}");
    }
}
