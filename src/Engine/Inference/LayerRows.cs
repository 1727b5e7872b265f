using System.Runtime.CompilerServices;

namespace SparseService.Engine.Inference;

/// <summary>A layer's arrays, without the checks of their buffers, and how far apart rows of activations are.</summary>
internal readonly unsafe struct LayerRows(CompactLayer layer, int stride)
{
    public readonly int* Offsets = layer.Offsets.Pointer;
    public readonly ushort* Places = layer.Places.Pointer;
    public readonly float* Values = layer.Values.Pointer;
    public readonly float* Bias = layer.Bias.Pointer;
    public readonly int Count = layer.Outputs;
    public readonly int Stride = stride;
    public readonly float Cap = layer.Cap;

    /// <summary>Where the outputs of a row go.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* To(float* y, nint row) => y + (CompactLayer.Place((int)row, Count) * (nint)Stride);

    /// <summary>The activations that a connection reads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Of(float* x, int k) => x + ((nint)Places[k] * Stride);
}
