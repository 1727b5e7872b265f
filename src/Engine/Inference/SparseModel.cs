using SparseService.Engine.Kernels;

namespace SparseService.Engine.Inference;

/// <summary>A trained sparse network that predicts. Safe to use from several threads at once.</summary>
public sealed class SparseModel : IDisposable
{
    /// <summary>Reads a model or a checkpoint (safetensors, see docs/formats.md).</summary>
    /// <exception cref="InvalidDataException">Damaged or hostile bytes; the message names tensor, value and what is allowed.</exception>
    public static SparseModel Load(Stream source, Backend backend) => throw new NotSupportedException();

    public int Features => throw new NotSupportedException();

    /// <summary>Output neurons.</summary>
    public int Outputs => throw new NotSupportedException();

    /// <summary>Names of the classes, empty for regression.</summary>
    public IReadOnlyList<string> ClassNames => throw new NotSupportedException();

    public long Nnz => throw new NotSupportedException();

    /// <summary>Predicts raw (not normalised) rows.</summary>
    /// <param name="rows">[sample, feature], row-major; length = count·<see cref="Features"/>.</param>
    /// <param name="outputs">[sample, output], row-major: probabilities (classification) or values (regression).</param>
    public void Predict(ReadOnlySpan<float> rows, Span<float> outputs) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
