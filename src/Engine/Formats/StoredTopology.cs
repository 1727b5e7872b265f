using SparseService.Engine.Sparse;
using SparseService.Engine.Training;

namespace SparseService.Engine.Formats;

/// <summary>The connections of a model or checkpoint.</summary>
public sealed class StoredTopology : IDisposable
{
    private StoredTopology(TrainingOptions options, IReadOnlyList<CsrMatrix> layers) => (Options, Layers) = (options, layers);

    /// <summary>That the network was trained with.</summary>
    public TrainingOptions Options { get; }

    /// <summary>From the input on.</summary>
    public IReadOnlyList<CsrMatrix> Layers { get; }

    /// <exception cref="InvalidDataException">Damaged or hostile bytes; the message names tensor, value and what is allowed.</exception>
    public static StoredTopology Read(Stream source)
    {
        // What only training needs of a checkpoint is passed over.
        using var file = Safetensors.Read(source, wanted: name => !name.Contains("State", StringComparison.Ordinal));
        var (options, _) = ModelFile.ReadDescription(file.Metadata, file.Tensors, ModelFile.Format, CheckpointFile.Format);
        var widths = options.Network.Layers;
        return new StoredTopology(
            options,
            [.. Enumerable.Range(0, widths.Count - 1).Select(l => LayerTensors.Read(file.Tensors, l, widths[l + 1], widths[l]).Weights)]);
    }

    public void Dispose()
    {
        foreach (var layer in Layers)
        {
            layer.Dispose();
        }
    }
}
