using System.Diagnostics.CodeAnalysis;

namespace SparseService.Engine.Kernels;

/// <summary>What a layer reads, [neuron, sample]: the numbers of the layer below, or a minibatch's bytes.</summary>
public readonly struct LayerInput
{
    private readonly DeviceBuffer<float>? floats;

    public LayerInput(DeviceBuffer<float> floats) => this.floats = floats;

    public LayerInput(ByteInput bytes) => Bytes = bytes;

    /// <summary>Null where the input is numbers.</summary>
    public ByteInput? Bytes { get; }

    /// <exception cref="InvalidOperationException">The input is bytes.</exception>
    public DeviceBuffer<float> Floats => floats ?? throw new InvalidOperationException("The input is bytes");

    /// <summary>Elements.</summary>
    public long Length => Bytes is null ? Floats.Length : Bytes.Raw.Length;

    internal IDisposable Buffer => Bytes is null ? Floats : Bytes;

    [SuppressMessage("Usage", "CA2225", Justification = "The constructors are the alternative.")]
    public static implicit operator LayerInput(DeviceBuffer<float> floats) => new(floats);

    [SuppressMessage("Usage", "CA2225", Justification = "The constructors are the alternative.")]
    public static implicit operator LayerInput(ByteInput bytes) => new(bytes);
}
