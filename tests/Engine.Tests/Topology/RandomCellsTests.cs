using SparseService.Engine.Sparse;
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
        var taken = RandomCells.Bernoulli(cells, probability, RandomStream.For(1, RandomPurpose.Topology)).ToArray();
        var (mean, deviation) = (cells * probability, Math.Sqrt(cells * probability * (1 - probability)));
        Assert.InRange(taken.Length, mean - (5 * deviation), mean + (5 * deviation));
        Assert.Equal(taken, taken.Order().Distinct());
        Assert.InRange(taken[^1], 0, cells - 1);
        Assert.InRange(taken.Average(cell => (double)cell / cells), 0.49, 0.51); // spread evenly
    }

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(1e-17, 0)] // 1 − p rounds to 1
    [InlineData(1e-300, 0)]
    [InlineData(1.0, 1000)]
    [InlineData(1.5, 1000)]
    public void Bernoulli_Extremes_NothingOrAll(double probability, int count) =>
        Assert.Equal(count, RandomCells.Bernoulli(1000, probability, RandomStream.For(1, RandomPurpose.Topology)).Count());

    [Theory]
    [InlineData(5, 2)]
    [InlineData(5, 4)] // by the complement
    public void Distinct_ManyDraws_EverySubsetEquallyLikely(int bound, int count)
    {
        const int draws = 20_000;
        var stream = RandomStream.For(1, RandomPurpose.Topology);
        var frequency = new Dictionary<string, int>();
        for (var i = 0; i < draws; i++)
        {
            var subset = string.Join(',', RandomCells.Distinct(bound, count, ref stream));
            frequency[subset] = frequency.GetValueOrDefault(subset) + 1;
        }

        var subsets = bound == 5 && count == 2 ? 10 : 5;
        Assert.Equal(subsets, frequency.Count);
        var expected = (double)draws / subsets;
        var chiSquare = frequency.Values.Sum(n => (n - expected) * (n - expected) / expected);
        Assert.True(chiSquare < 28, $"χ² = {chiSquare} for {subsets - 1} degrees of freedom"); // p < 0.001 at 9
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
        var taken = RandomCells.Distinct(bound, count, ref stream);
        Assert.Equal(count, taken.LongLength);
        Assert.Equal(taken, taken.Order().Distinct());
        Assert.All(taken, cell => Assert.InRange(cell, 0, bound - 1));
    }

    [Fact]
    public void FreeCells_ManyDraws_EveryFreeCellEquallyLikely()
    {
        // 3 × 4 with 5 cells taken: 7 free ones.
        var occupied = new CsrMatrix(3, 4, [0, 2, 2, 5], [1, 3, 0, 1, 2], new float[5]);
        var stream = RandomStream.For(3, RandomPurpose.Evolution);
        var frequency = new int[12];
        for (var i = 0; i < 7000; i++)
        {
            foreach (var cell in FreeCells.Draw(occupied, OpenNeurons.All(3, 4), 2, ref stream))
            {
                frequency[cell]++;
            }
        }

        foreach (var (row, column) in new[] { (0, 1), (0, 3), (2, 0), (2, 1), (2, 2) })
        {
            Assert.Equal(0, frequency[(row * 4) + column]);
        }

        Assert.All(frequency.Where((_, cell) => cell is not (1 or 3 or 8 or 9 or 10)), count => Assert.InRange(count, 1850, 2150)); // 2000 ± 4σ
    }

    [Fact]
    public void FreeCells_MoreThanFree_Refuses()
    {
        var occupied = new CsrMatrix(1, 3, [0, 2], [0, 2], new float[2]);
        var stream = RandomStream.For(3, RandomPurpose.Evolution);
        Assert.Equal([1L], FreeCells.Draw(occupied, OpenNeurons.All(1, 3), 1, ref stream));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
        {
            var again = RandomStream.For(3, RandomPurpose.Evolution);
            FreeCells.Draw(occupied, OpenNeurons.All(1, 3), 2, ref again);
        });
    }

    [Fact]
    public void Layer_MillionByMillion_CostsWhatItStores()
    {
        var network = new NetworkOptions { Layers = [1_000_000, 1_000_000], Topology = new TopologyOptions { Epsilon = 1 } };
        var before = GC.GetAllocatedBytesForCurrentThread();
        var layer = TopologyGenerator.Layer(network, 0, seed: 1);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(layer.Nnz, 1_990_000, 2_010_000);
        Assert.InRange(allocated, 0, 64 * 2_000_000); // 10¹² cells would be a terabyte of bits alone
    }
}
