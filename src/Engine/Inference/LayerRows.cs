using System.Runtime.CompilerServices;

namespace SparseService.Engine.Inference;

/// <summary>A layer's arrays, without the checks of their buffers, and how far apart rows of activations are.</summary>
internal readonly unsafe struct LayerRows(CompactLayer layer, int stride)
{
    public readonly int* Offsets = layer.Offsets.Pointer;
    public readonly ushort* Columns = layer.Columns.Pointer;
    public readonly float* Values = layer.Values.Pointer;
    public readonly float* Bias = layer.Bias.Pointer;
    public readonly int Count = layer.Outputs;
    public readonly int Stride = stride;
    public readonly float Cap = layer.Cap;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Of(float* x, int k) => x + ((nint)Columns[k] * Stride);
}
