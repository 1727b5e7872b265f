using System.Globalization;
using System.Text.Json;
using SparseService.Cli.Machine;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Cli.Bench.Peers;

/// <summary>A trainer under <c>benchmarks/peers</c>, started for one measurement.</summary>
/// <param name="script">Its file name.</param>
/// <param name="data">Folder of IDX files; null lets the peer draw random samples.</param>
internal sealed class PythonPeer(string root, string script, BenchShape shape, string? data, int threads)
{
    // Debian's torch and numba belong to Debian's python, whatever else stands in PATH.
    public const string Python = "/usr/bin/python3";

    /// <summary>Whether a module of Debian's python is installed.</summary>
    public static bool Has(string module) => File.Exists($"/usr/lib/python3/dist-packages/{module}/__init__.py");

    /// <param name="batches">Minibatches to measure; null measures the whole epoch.</param>
    /// <param name="variables">Added to the environment.</param>
    public async Task<Measurement> MeasureAsync(
        string variant, int? batches, IReadOnlyDictionary<string, string?> variables, CancellationToken cancellationToken)
    {
        var count = Math.Min(batches ?? shape.BatchesPerEpoch, shape.BatchesPerEpoch);
        var line = (await RunAsync(variant, ["--batches", $"{count}"], variables, cancellationToken)).Single();
        var share = (double)count / shape.BatchesPerEpoch;
        var evolution = line.TryGetProperty("evolutionSeconds", out var seconds) ? seconds.GetDouble() : 0;
        return new Measurement(
            (line.GetProperty("seconds").GetDouble() / share) + evolution, line.GetProperty("peakMemoryBytes").GetInt64(), share);
    }

    /// <returns>A line for each epoch.</returns>
    public async Task<IReadOnlyList<JsonElement>> RunAsync(
        string variant, IEnumerable<string> more, IReadOnlyDictionary<string, string?> variables, CancellationToken cancellationToken)
    {
        var path = Path.Combine(root, "benchmarks", "peers", script);
        var environment = new Dictionary<string, string?>(variables)
        {
            ["OPENBLAS_NUM_THREADS"] = $"{threads}",
            ["OMP_NUM_THREADS"] = $"{threads}",
            ["NUMBA_NUM_THREADS"] = $"{threads}",
            ["PYTHONDONTWRITEBYTECODE"] = "1",
        };
        var process = await ChildProcess.RunAsync(
            Python, [path, "--variant", variant, .. Arguments(), .. more], cancellationToken, variables: environment);
        return process.Succeeded
            ? [.. process.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))]
            : throw new CliFault($"{script} ended with {process.ExitCode}:\n{process.Tail(10)}");
    }

    private IEnumerable<string> Arguments()
    {
        var (options, network) = (shape.Options, shape.Options.Network);
        var slopes = Enumerable.Range(1, network.Layers.Count - 2).Select(layer => Slope(network.Activation, layer)).ToArray();

        // With "=": a list may begin with a minus sign.
        yield return $"--layers={string.Join(',', network.Layers)}";
        yield return $"--densities={Join(LayerDensities.Of(network.Topology, network.Layers))}";
        yield return $"--slopes={Join(slopes)}";
        yield return $"--batch={options.BatchSize}";
        yield return $"--dropout={Text(options.Dropout)}";
        yield return $"--rate={Text(options.Optimizer.LearningRate)}";
        yield return $"--momentum={Text(options.Optimizer.Momentum)}";
        yield return $"--threads={threads}";
        yield return data is null ? $"--samples={shape.TrainRows}" : $"--data={data}";
    }

    // The peers know activations that are two straight lines.
    private static double Slope(ActivationOptions options, int hiddenLayer) =>
        -Activation.ForHiddenLayer(options, hiddenLayer).Value(-1);

    private static string Join(IEnumerable<double> values) => string.Join(',', values.Select(Text));

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
