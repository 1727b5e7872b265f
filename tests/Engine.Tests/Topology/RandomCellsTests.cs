using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Topology;

public sealed class RandomCellsTests
{
    [Theory]
    [InlineData(1_000_000, 0.01)]
    [InlineData(1_000_000, 0.5)]
    [InlineData(1_000_000_000_000, 1e-7)]
    [InlineData(4_000_000_000_000_000, 2e-11)]
    public void Bernoulli_AnyProbability_CountIsBinomial(long cells, double probability)
    {
        var drawn = RandomCells.Bernoulli(cells, probability, RandomStream.For(1, RandomPurpose.Topology));
        var promised = drawn.Left;
        var taken = All(drawn);
        var (mean, deviation) = (cells * probability, Math.Sqrt(cells * probability * (1 - probability)));
        Assert.Equal(promised, taken.Count);
        Assert.InRange(taken.Count, mean - (5 * deviation), mean + (5 * deviation));
        Assert.Equal(taken, taken.Order().Distinct());
        Assert.InRange(taken[^1], 0, cells - 1);
        Assert.InRange(taken.Average(cell => (double)cell / cells), 0.49, 0.51); // spread evenly
    }

    [Theory]
    [InlineData(0.02)]
    [InlineData(0.6)]
    public void Bernoulli_ManyDraws_EveryCellAsOftenAsItsProbability(double probability)
    {
        const int draws = 20_000;
        var frequency = new int[50];
        for (var draw = 0; draw < draws; draw++)
        {
            foreach (var cell in All(RandomCells.Bernoulli(50, probability, RandomStream.For(6, RandomPurpose.Topology, draw))))
            {
                frequency[cell]++;
            }
        }

        // Cells are independent: each count is binomial by itself, so the sum of squares has a degree of freedom for each.
        var (mean, variance) = (draws * probability, draws * probability * (1 - probability));
        var chiSquare = frequency.Sum(count => (count - mean) * (count - mean) / variance);
        Assert.InRange(chiSquare, 23.5, 86.7); // all but 0.05 % below and 0.1 % above, at 50 degrees of freedom
    }

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(1e-17, 0)] // 1 − p rounds to 1
    [InlineData(1e-300, 0)]
    [InlineData(1.0, 1000)]
    [InlineData(1.5, 1000)]
    public void Bernoulli_Extremes_NothingOrAll(double probability, int count) =>
        Assert.Equal(count, All(RandomCells.Bernoulli(1000, probability, RandomStream.For(1, RandomPurpose.Topology))).Count);

    [Theory]
    [InlineData(5, 2, 10)]
    [InlineData(5, 4, 5)]
    [InlineData(7, 3, 35)]
    public void Distinct_ManyDraws_EverySubsetEquallyLikely(int bound, int count, int subsets)
    {
        var draws = 3000 * subsets;
        var stream = RandomStream.For(1, RandomPurpose.Topology);
        var frequency = new Dictionary<string, int>();
        for (var i = 0; i < draws; i++)
        {
            var subset = string.Join(',', All(RandomCells.Distinct(bound, count, ref stream)));
            frequency[subset] = frequency.GetValueOrDefault(subset) + 1;
        }

        Assert.Equal(subsets, frequency.Count);
        AssertUniform(frequency.Values, (double)draws / subsets);
    }

    // Large enough that what is left out by algorithm S, and where, would show.
    [Fact]
    public void Distinct_LargeDraws_EveryPlaceEquallyLikely()
    {
        const int bins = 100;
        var stream = RandomStream.For(4, RandomPurpose.Topology);
        var frequency = new int[bins];
        for (var i = 0; i < 100; i++)
        {
            var drawn = RandomCells.Distinct(1_000_000_000_000, 10_000, ref stream);
            while (drawn.Next(out var cell))
            {
                frequency[cell / (1_000_000_000_000 / bins)]++;
            }
        }

        AssertUniform(frequency, 10_000);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(10, 0)]
    [InlineData(10, 10)]
    [InlineData(1000, 999)]
    [InlineData(1_000_000_000_000, 1000)]
    public void Distinct_AnyShare_AscendingInBounds(long bound, long count)
    {
        var stream = RandomStream.For(2, RandomPurpose.Topology);
        var taken = All(RandomCells.Distinct(bound, count, ref stream));
        Assert.Equal(count, taken.Count);
        Assert.Equal(taken, taken.Order().Distinct());
        Assert.All(taken, cell => Assert.InRange(cell, 0, bound - 1));
    }

    [Fact]
    public void Distinct_MoreThanThereAre_Refuses()
    {
        var stream = RandomStream.For(2, RandomPurpose.Topology);
        Assert.Throws<ArgumentOutOfRangeException>(() => RandomCells.Distinct(3, 4, ref stream));
    }

    [Fact]
    public void Layer_MillionByMillion_CostsWhatItStores()
    {
        var network = new NetworkOptions { Layers = [1_000_000, 1_000_000], Topology = new TopologyOptions { Epsilon = 1 } };
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var layer = TopologyGenerator.Layer(network, 0, seed: 1);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        layer.Check();
        Assert.InRange(layer.Nnz, 1_990_000, 2_010_000);
        Assert.Equal(layer.Nnz, layer.ColumnIndices.Capacity);
        Assert.InRange(allocated, 0, 1 << 20); // 10¹² cells would be a terabyte of bits alone; what else runs for the first time adds some kilobytes
    }

    /// <summary>Pearson's χ² against equal frequencies, with the quantile that fair draws pass 999 times of 1000 (Wilson and Hilferty 1931).</summary>
    internal static void AssertUniform(IReadOnlyCollection<int> frequency, double expected)
    {
        var chiSquare = frequency.Sum(count => (count - expected) * (count - expected) / expected);
        double freedom = frequency.Count - 1;
        var limit = freedom * Math.Pow(1 - (2 / (9 * freedom)) + (3.09 * Math.Sqrt(2 / (9 * freedom))), 3);
        Assert.True(chiSquare < limit, $"χ² = {chiSquare} for {freedom} degrees of freedom; allowed: below {limit}");
    }

    private static List<long> All(RandomCells cells)
    {
        var all = new List<long>();
        while (cells.Next(out var cell))
        {
            all.Add(cell);
        }

        return all;
    }
}
