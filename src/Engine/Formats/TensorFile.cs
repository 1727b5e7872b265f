namespace SparseService.Engine.Formats;

/// <summary>The contents of a safetensors file in memory.</summary>
public sealed class TensorFile(IReadOnlyDictionary<string, string> metadata, IReadOnlyDictionary<string, Tensor> tensors) : IDisposable
{
    public IReadOnlyDictionary<string, string> Metadata { get; } = metadata;

    /// <summary>By name.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; } = tensors;

    /// <summary>Frees every tensor that nobody has taken.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values)
        {
            tensor.Dispose();
        }
    }
}
