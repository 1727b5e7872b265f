using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Topology;

public sealed class TopologyGeneratorTests
{
    // Expected connections at the start: the table of section 6 of the specification.
    public static TheoryData<int[], double, double> PublishedCounts => new()
    {
        { [784, 1000, 1000, 1000, 10], 20, 125_680 },
        { [3072, 4000, 1000, 4000, 10], 20, 381_440 },
        { [28, 1000, 1000, 1000, 2], 10, 52_280 },
        { [500, 400, 100, 400, 2], 10, 19_800 },
        { [54675, 27500, 27500, 18], 10, 1_646_930 },
    };

    [Theory, MemberData(nameof(PublishedCounts))]
    public void ErdosRenyi_PublishedNetworks_ExpectsThePublishedCounts(int[] layers, double epsilon, double expected)
    {
        var network = new NetworkOptions { Layers = layers, Topology = new TopologyOptions { Epsilon = epsilon } };
        Assert.Equal(expected, Enumerable.Range(0, layers.Length - 1).Sum(layer => TopologyGenerator.ExpectedNnz(network, layer)), 0.5);
        var drawn = Enumerable.Range(0, layers.Length - 1).Sum(layer => (double)TopologyGenerator.Pattern(network, layer, seed: 1).Nnz);
        Assert.InRange(drawn, expected - (5 * Math.Sqrt(expected)), expected + (5 * Math.Sqrt(expected)));
    }

    [Fact]
    public void ErdosRenyiKernel_HandWorked_MeetsTheBudget()
    {
        // Cells 10 000 and 1 000, ratios 0.02 and 0.11; density 0.1 of 11 000 = 1 100 = c·(200 + 110): c = 3.548.
        var densities = LayerDensities.Of(new TopologyOptions { Kind = TopologyKind.ErdosRenyiKernel, Density = 0.1 }, [100, 100, 10]);
        Assert.Equal(3.5484 * 0.02, densities[0], 4);
        Assert.Equal(3.5484 * 0.11, densities[1], 4);
    }

    [Fact]
    public void ErdosRenyiKernel_OverfullLayer_BecomesDenseAndTheRestIsSolvedAgain()
    {
        // Density 0.4 of 11 000 = 4 400: c = 14.2 would give the small layer 1.56. Dense it takes 1 000, the other gets 3 400 of 10 000.
        var densities = LayerDensities.Of(new TopologyOptions { Kind = TopologyKind.ErdosRenyiKernel, Density = 0.4 }, [100, 100, 10]);
        Assert.Equal([0.34, 1.0], densities.Select(density => Math.Round(density, 9)));
    }

    [Theory]
    [InlineData(TopologyKind.ErdosRenyiKernel, 0.123)]
    [InlineData(TopologyKind.Uniform, 0.07)]
    [InlineData(TopologyKind.Uniform, 1.0)]
    public void PromisedDensity_AnySeed_IsMetExactly(TopologyKind kind, double density)
    {
        var network = new NetworkOptions { Layers = [97, 53, 11], Topology = new TopologyOptions { Kind = kind, Density = density } };
        for (var seed = 1UL; seed <= 5; seed++)
        {
            for (var layer = 0; layer < 2; layer++)
            {
                var pattern = TopologyGenerator.Pattern(network, layer, seed);
                pattern.Check();
                Assert.Equal((long)Math.Round(TopologyGenerator.ExpectedNnz(network, layer)), pattern.Nnz);
            }
        }
    }

    [Fact]
    public void Edges_UsersOwn_AreTheConnections()
    {
        var network = new NetworkOptions
        {
            Layers = [3, 2],
            Topology = new TopologyOptions { Kind = TopologyKind.Edges, Edges = [[[2, 0], [0, 1], [0, 0]]] },
        };
        var pattern = TopologyGenerator.Pattern(network, 0, seed: 1);
        Assert.Equal([0L, 2, 3], pattern.RowOffsets.ToArray());
        Assert.Equal([0, 2, 0], pattern.ColumnIndices.ToArray());
    }

    [Theory]
    [InlineData(WeightDistribution.HeUniform, 0.0775)]
    [InlineData(WeightDistribution.XavierUniform, 0.0535)]
    [InlineData(WeightDistribution.SparseHeUniform, 0.3964)]
    public void Weights_Uniform_FillTheirRange(WeightDistribution distribution, double limit)
    {
        var network = new NetworkOptions { Layers = [1000, 1100], Weights = distribution };
        var values = TopologyGenerator.Layer(network, 0, seed: 1).Values.ToArray();
        Assert.InRange(values.Max(), 0.99 * limit, 1.001 * limit);
        Assert.InRange(values.Min(), -1.001 * limit, -0.99 * limit);
        Assert.InRange(values.Average(), -0.01 * limit, 0.01 * limit);
    }

    [Fact]
    public void Weights_Normal_HaveDeviationOneTenth()
    {
        var values = TopologyGenerator.Layer(new NetworkOptions { Layers = [1000, 1100], Weights = WeightDistribution.Normal }, 0, seed: 1).Values.ToArray();
        Assert.InRange(Math.Sqrt(values.Average(value => (double)value * value)), 0.099, 0.101);
    }

    [Fact]
    public void Layer_SameKey_SameBits()
    {
        var network = new NetworkOptions { Layers = [50, 40, 30] };
        CsrMatrix Draw(int layer, ulong seed) => TopologyGenerator.Layer(network, layer, seed);
        Assert.Equal(Draw(0, 1).Values.ToArray(), Draw(0, 1).Values.ToArray());
        Assert.NotEqual(Draw(0, 1).Values.ToArray(), Draw(0, 2).Values.ToArray());
    }
}
