using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Topology;

public sealed class OwnColumnsTests
{
    private const int Rows = 300;
    private const int Columns = 240;
    private const int Parts = 4;

    private static readonly int[] RowParts = [.. Enumerable.Range(0, Rows).Select(row => row % Parts)];
    private static readonly int[] ColumnParts = [.. Enumerable.Range(0, Columns).Select(column => column * Parts / Columns)];

    [Theory]
    [InlineData(0)]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    [InlineData(1)]
    public void Grow_AnyShare_PutsThatShareInOwnColumns(double share)
    {
        const int Count = 6000;
        using var empty = Empty(Count);
        var own = new OwnColumns(RowParts, ColumnParts, Parts, OpenNeurons.All(Rows, Columns), share);
        Grow(empty, Count, own, seed: 1);
        empty.Weights.Check();
        Assert.Equal(Count, empty.Weights.Nnz);
        var expected = share * Count;
        Assert.InRange(own.CountOwn(empty.Weights), expected - (5 * Math.Sqrt(Count)), expected + (5 * Math.Sqrt(Count)));
    }

    [Fact]
    public void Grow_QuarterInFourEqualParts_LooksLikeNoChoice()
    {
        const int Count = 20_000;
        using var connections = Empty(Count);
        Grow(connections, Count, new OwnColumns(RowParts, ColumnParts, Parts, OpenNeurons.All(Rows, Columns), 0.25), seed: 2);
        for (var part = 0; part < Parts; part++)
        {
            var inPart = connections.Weights.ColumnIndices.ToArray().Count(column => ColumnParts[column] == part);
            Assert.InRange(inPart, (Count / Parts) - 400, (Count / Parts) + 400);
        }
    }

    [Fact]
    public void Grow_OwnColumnsFull_TakesTheRestElsewhere()
    {
        // Own cells are a quarter: 18,000.
        const int Count = 30_000;
        using var connections = Empty(Count);
        var own = new OwnColumns(RowParts, ColumnParts, Parts, OpenNeurons.All(Rows, Columns), share: 1);
        Grow(connections, Count, own, seed: 3);
        Assert.Equal(Count, connections.Weights.Nnz);
        Assert.InRange(own.CountOwn(connections.Weights), 0.97 * own.Cells, own.Cells);
    }

    [Fact]
    public void Grow_EveryCell_EndsInAFullLayer()
    {
        const int Count = Rows * Columns;
        using var connections = Empty(Count);
        Grow(connections, Count, new OwnColumns(RowParts, ColumnParts, Parts, OpenNeurons.All(Rows, Columns), 0.5), seed: 4);
        Assert.Equal(Count, connections.Weights.Nnz);
    }

    [Fact]
    public void Sites_OfARow_DoNotDependOnOtherRows()
    {
        var open = OpenNeurons.All(Rows, Columns);
        var own = new OwnColumns(RowParts, ColumnParts, Parts, open, 0.7);
        var stream = RandomStream.For(1, RandomPurpose.Evolution);
        var sites = GrowthSites.Of(open, Columns, nnz: 1000, most: 900, ref stream, own, ownLeft: 20, left: 100);
        var columns = new List<int>();
        for (var row = sites.Row(17); row.Next(out var column);)
        {
            columns.Add(column);
        }

        Assert.Equal(columns.Distinct().OrderDescending(), columns);
        var again = new List<int>();
        for (var row = sites.Row(17); row.Next(out var column);)
        {
            again.Add(column);
        }

        Assert.Equal(columns, again);
    }

    [Fact]
    public void Grow_ClosedNeurons_StayClosed()
    {
        var (closedRows, closedColumns) = (new bool[Rows], new bool[Columns]);
        closedRows.AsSpan(10, 50).Fill(true);
        closedColumns.AsSpan(100, 70).Fill(true);
        var open = new OpenNeurons(closedRows, closedColumns);
        using var connections = Empty(5000);
        Grow(connections, 5000, new OwnColumns(RowParts, ColumnParts, Parts, open, 0.8), seed: 5, open);
        Assert.DoesNotContain(connections.Weights.ColumnIndices.ToArray(), column => closedColumns[column]);
        Assert.All(Enumerable.Range(0, Rows).Where(row => closedRows[row]), row => Assert.Equal(0, connections.Weights.FanIn(row)));
    }

    private static void Grow(Connections connections, long count, OwnColumns own, ulong seed, OpenNeurons? open = null)
    {
        var stream = RandomStream.For(seed, RandomPurpose.Evolution);
        var weights = WeightInitializer.For(WeightDistribution.HeUniform, Columns, Rows, count);
        Regrowth.Grow(
            connections, count, most: count, weights, open ?? OpenNeurons.All(Rows, Columns), new ExplorationSketch(), ref stream, own);
    }

    private static Connections Empty(int capacity)
    {
        var (columns, values) = (new DeviceBuffer<int>(capacity), new DeviceBuffer<float>(capacity));
        columns.Resize(0);
        values.Resize(0);
        return new Connections(new CsrMatrix(Rows, Columns, new DeviceBuffer<long>(new long[Rows + 1]), columns, values), []);
    }
}
