using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Topology;

public sealed class SpyPlotTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(TopologyKind.ErdosRenyi)]
    [InlineData(TopologyKind.ErdosRenyiKernel)]
    [InlineData(TopologyKind.Uniform)]
    public void Of_WindowNoLargerThanTheGrid_ShowsEachConnectionOfTheGeneratorOnce(TopologyKind kind)
    {
        var network = new NetworkOptions { Layers = [70, 50, 40], Topology = new TopologyOptions { Kind = kind, Epsilon = 5, Density = 0.1 } };
        using var pattern = TopologyGenerator.Pattern(network, 1, seed: 9);
        var window = new SpyWindow(FirstInput: 7, Inputs: 31, FirstOutput: 3, Outputs: 20);
        var spy = SpyPlot.Of(network, 1, seed: 9, window, cells: 64, Cancellation);

        Assert.Equal((20, 31, 2), (spy.GridRows, spy.GridColumns, spy.Layer));
        for (var row = 0; row < 20; row++)
        {
            var connected = Enumerable.Range((int)pattern.RowOffsets[row + 3], pattern.FanIn(row + 3))
                .Select(k => pattern.ColumnIndices[k]).Where(column => column is >= 7 and < 38).Select(column => column - 7);
            Assert.Equal(connected, Enumerable.Range(0, 31).Where(column => spy.Counts[(row * 31) + column] == 1));
        }

        Assert.Equal(spy.Nnz, spy.Counts.Sum());
        Assert.Equal(1, spy.Largest);
    }

    [Fact]
    public void Of_LayerLargerThanTheGrid_CountsEveryConnection()
    {
        var network = new NetworkOptions { Layers = [1000, 777], Topology = new TopologyOptions { Epsilon = 30 } };
        using var pattern = TopologyGenerator.Pattern(network, 0, seed: 1);
        var spy = SpyPlot.Of(network, 0, seed: 1, new SpyWindow(0, 1000, 0, 777), cells: 100, Cancellation);
        Assert.Equal((100, 100, pattern.Nnz, spy.Counts.Max()), (spy.GridRows, spy.GridColumns, spy.Nnz, spy.Largest));

        // Uniform chance: about 5 in a cell, nowhere a crowded one.
        Assert.All(spy.Counts, count => Assert.InRange(count, 0, 25));
    }

    [Fact]
    public void Of_OwnEdges_ShowsThemWhereTheyAre()
    {
        var network = new NetworkOptions
        {
            Layers = [3, 2],
            Topology = new TopologyOptions { Kind = TopologyKind.Edges, Edges = [[[2, 0], [0, 1]]] },
        };
        var spy = SpyPlot.Of(network, 0, seed: 1, new SpyWindow(0, 3, 0, 2), cells: 256, Cancellation);
        Assert.Equal([0, 0, 1, 1, 0, 0], spy.Counts);
    }

    [Fact]
    public void Of_FullLayer_HasAFullGrid()
    {
        var network = new NetworkOptions { Layers = [30, 20], Topology = new TopologyOptions { Kind = TopologyKind.Uniform, Density = 1 } };
        var spy = SpyPlot.Of(network, 0, seed: 1, new SpyWindow(0, 30, 0, 20), cells: 10, Cancellation);
        Assert.All(spy.Counts, count => Assert.Equal(6, count));
    }

    [Fact]
    public void Of_LayerTooLarge_IsRefusedBeforeItIsDrawn()
    {
        var network = new NetworkOptions { Layers = [1_000_000, 1_000_000], Topology = new TopologyOptions { Epsilon = 20 } };
        Assert.Throws<ArgumentOutOfRangeException>(
            () => SpyPlot.Of(network, 0, seed: 1, new SpyWindow(0, 10, 0, 10), cells: 10, Cancellation));
    }
}
