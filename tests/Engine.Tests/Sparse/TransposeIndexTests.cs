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

    [Theory]
    [InlineData(500, 65_536, 0.002)]
    [InlineData(500, 69_633, 0.002)]     // a last panel of one column
    [InlineData(3, 9_000_000, 0.01)]     // panels wider than usual
    [InlineData(5_000, 70_000, 0.0000002)]
    public void Of_ManyColumns_IsTheStableSortByColumn(int rows, int columns, double density)
    {
        using var layer = SetEvolutionTests.Layer(rows, columns, density, seed: 2);
        using var index = TransposeIndex.Of(layer.Weights);
        AssertSorted(layer.Weights, index);
    }

    [Fact]
    public void Of_ManyColumnsButOneHasMostConnections_IsTheStableSortByColumn()
    {
        const int rows = 4_300_000;
        var offsets = Enumerable.Range(0, rows + 1).Select(row => (long)row).ToArray();
        var columns = Enumerable.Range(0, rows).Select(row => row % 1000 == 0 ? 69_999 : 7).ToArray();
        using var matrix = new CsrMatrix(rows, 70_000, offsets, columns, new float[rows]);
        using var index = TransposeIndex.Of(matrix);
        AssertSorted(matrix, index);
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

    private static void AssertSorted(CsrMatrix matrix, TransposeIndex index)
    {
        var rowOf = Enumerable.Range(0, matrix.Rows).SelectMany(row => Enumerable.Repeat(row, matrix.FanIn(row))).ToArray();
        var columns = matrix.ColumnIndices.ToArray();
        var positions = Enumerable.Range(0, columns.Length).OrderBy(k => columns[k]).ToArray(); // OrderBy is stable
        Assert.Equal(positions, index.Positions.ToArray());
        Assert.Equal(positions.Select(k => rowOf[k]), index.RowIndices.ToArray());
        var offsets = new long[matrix.Columns + 1];
        foreach (var column in columns)
        {
            offsets[column + 1]++;
        }

        for (var column = 0; column < matrix.Columns; column++)
        {
            offsets[column + 1] += offsets[column];
        }

        Assert.True(offsets.AsSpan().SequenceEqual(index.ColumnOffsets.Span));
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
