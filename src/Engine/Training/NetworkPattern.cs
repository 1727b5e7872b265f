using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Training;

/// <summary>Which connections a network had: kept while it changes, to bring along what belongs to single connections. O(nnz + neurons).</summary>
internal sealed class NetworkPattern : IDisposable
{
    private NetworkPattern(IReadOnlyList<LayerPattern> layers) => Layers = layers;

    public IReadOnlyList<LayerPattern> Layers { get; }

    public static NetworkPattern Of(SparseNetwork network) => new(network.Layers.Select(layer => new LayerPattern(layer.Weights)).ToArray());

    public void Dispose()
    {
        foreach (var layer in Layers)
        {
            layer.Dispose();
        }
    }
}

internal sealed unsafe class LayerPattern : IDisposable
{
    private readonly DeviceBuffer<long> offsets;
    private readonly DeviceBuffer<int> columns;

    public LayerPattern(CsrMatrix matrix)
    {
        offsets = matrix.RowOffsets.Copy();
        columns = matrix.ColumnIndices.Copy();
    }

    /// <summary>Carries one number per connection from this pattern to another: that of a connection which is gone is dropped, that of a new one
    /// is 0.</summary>
    /// <param name="from">In this pattern's order.</param>
    /// <param name="now">A matrix of as many rows.</param>
    /// <param name="to">In the order of <paramref name="now"/>, overwritten.</param>
    public void Carry(float* from, CsrMatrix now, float* to)
    {
        var newOffsets = now.RowOffsets.Pointer;
        var newColumns = now.ColumnIndices.Pointer;
        for (var row = 0; row < now.Rows; row++)
        {
            var (old, oldEnd) = (offsets.Pointer[row], offsets.Pointer[row + 1L]);
            for (var k = newOffsets[row]; k < newOffsets[row + 1L]; k++)
            {
                while (old < oldEnd && columns.Pointer[old] < newColumns[k])
                {
                    old++;
                }

                to[k] = old < oldEnd && columns.Pointer[old] == newColumns[k] ? from[old] : 0;
            }
        }
    }

    public void Dispose()
    {
        offsets.Dispose();
        columns.Dispose();
    }
}
