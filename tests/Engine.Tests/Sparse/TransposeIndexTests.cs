using SparseService.Engine.Sparse;
using SparseService.Engine.Tests.Kernels;
using SparseService.Engine.Tests.Topology;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Tests.Sparse;

public sealed class TransposeIndexTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(3, 5, 0)]
    [InlineData(1, 40, 0.5)]
    [InlineData(40, 1, 0.5)]
    [InlineData(17, 31, 0.2)]
    [InlineData(17, 31, 1)]
    public void Of_AnyMatrix_ListsEachColumnsConnectionsInOrder(int rows, int columns, double density)
    {
        using var matrix = KernelData.Matrix(rows, columns, density, seed: 1);
        using var index = TransposeIndex.Of(matrix);
        AssertTransposed(matrix, index);
    }

    [Fact]
    public void Rebuild_PatternChanged_IsTheIndexAgainInTheSameBuffers()
    {
        using var layer = SetEvolutionTests.Layer(40, 30, 0.2, seed: 1);
        using var index = TransposeIndex.Of(layer.Weights);
        var capacity = index.Positions.Capacity;

        ImportancePruning.Remove(layer, Enumerable.Range(0, 40).Select(row => row % 2 == 0).ToArray(), null);

        Assert.False(index.IsOf(layer.Weights));
        index.Rebuild();
        Assert.True(index.IsOf(layer.Weights));
        Assert.Equal((layer.Weights.Nnz, capacity), (index.Positions.Length, index.Positions.Capacity));
        AssertTransposed(layer.Weights, index);
    }

    private static void AssertTransposed(CsrMatrix matrix, TransposeIndex index)
    {
        var t = 0L;
        for (var column = 0; column < matrix.Columns; column++)
        {
            Assert.Equal(t, index.ColumnOffsets[column]);
            for (var row = 0; row < matrix.Rows; row++)
            {
                for (var k = matrix.RowOffsets[row]; k < matrix.RowOffsets[row + 1]; k++)
                {
                    if (matrix.ColumnIndices[k] == column)
                    {
                        Assert.Equal((row, (int)k), (index.RowIndices[t], index.Positions[t]));
                        t++;
                    }
                }
            }

            Assert.Equal(t, index.ColumnOffsets[column + 1]);
            Assert.Equal(t - index.ColumnOffsets[column], index.FanOut(column));
        }
    }
}
