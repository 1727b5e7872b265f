using System.Text.Encodings.Web;
using System.Text.Json;

namespace SparseService.Cli.Bench;

/// <summary>A result file: numbers with the machine, date and command that they came from.</summary>
internal sealed record ComparisonResult
{
    public static JsonSerializerOptions Json { get; } =
        new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public required string Command { get; init; }

    public required string Date { get; init; }

    public required string Processor { get; init; }

    public required string Runtime { get; init; }

    public required string Torch { get; init; }

    public required string Blas { get; init; }

    /// <summary>OPENBLAS_CORETYPE that was faster, by variant.</summary>
    public required IReadOnlyDictionary<string, string> CoreTypes { get; init; }

    /// <summary>Seconds per epoch of every setting that was tried.</summary>
    public required IReadOnlyDictionary<string, double> Tuning { get; init; }

    /// <summary>Ours first. Ours includes evolution, which the peer does not do.</summary>
    public required IReadOnlyList<Series> SecondsPerEpoch { get; init; }

    /// <summary>Highest peak of our whole process, over all rounds.</summary>
    public required long PeakMemoryBytes { get; init; }
}
