using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Tests.Topology;

public sealed class ImportancePruningTests
{
    // Four neurons with strengths 0.5, 3, 0 and 2 (absolute values count).
    private static CsrMatrix Incoming => new(4, 3, [0, 1, 3, 3, 5], [0, 0, 2, 1, 2], [-0.5f, 1, -2, -1, 1]);

    [Fact]
    public void Strengths_HandWorked()
    {
        Assert.Equal([0.5f, 3, 0, 2], NeuronStrength.Incoming(Incoming));
        Assert.Equal([1.5f, 1, 3], NeuronStrength.Outgoing(Incoming));
    }

    [Theory]
    [InlineData(0, new[] { 2 })]           // t = 0
    [InlineData(34, new[] { 0, 2 })]       // t = 0.53 by interpolation
    [InlineData(70, new[] { 0, 2, 3 })]    // t = 2.1
    public void Choose_HandWorked_TakesAtOrBelowThePercentile(double percentile, int[] expected) =>
        Assert.Equal(expected, Choose(Incoming, [false, false, false, false], percentile));

    [Fact]
    public void Choose_RemovedBefore_CountInThePercentileButAreNotTakenAgain() =>
        Assert.Equal([0], Choose(Incoming, [false, false, true, false], 34));

    [Fact]
    public void Choose_AllEqual_LeavesTheLayerWhole() =>
        Assert.Empty(Choose(new CsrMatrix(3, 1, [0, 1, 2, 3], [0, 0, 0], [1, -1, 1]), [false, false, false], 20));

    [Fact]
    public void Remove_Neuron_LosesBothSides()
    {
        using var kept = new Connections(Incoming, [new DeviceBuffer<float>([1, 2, 3, 4, 5])]);
        Assert.Equal(3, ImportancePruning.Remove(kept, [false, true, false, false], [false, false, true]));
        Assert.Equal([0L, 1, 1, 1, 2], kept.Weights.RowOffsets.ToArray());
        Assert.Equal([0, 1], kept.Weights.ColumnIndices.ToArray());
        Assert.Equal([-0.5f, -1], kept.Weights.Values.ToArray());
        Assert.Equal([1f, 4], kept.State[0].ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(127)]
    [InlineData(128)]
    public void Remove_OneInputOfMany_LosesItsConnectionsOnly(int input)
    {
        const int columns = 129;
        var all = Enumerable.Range(0, columns).ToArray();
        using var kept = new Connections(new CsrMatrix(1, columns, [0, columns], all, new float[columns]), []);
        Assert.Equal(1, ImportancePruning.Remove(kept, [false], Array.ConvertAll(all, column => column == input)));
        Assert.Equal(all.Where(column => column != input), kept.Weights.ColumnIndices.ToArray());
    }

    [Fact]
    public void FoldIntoBias_ConstantNeuron_KeepsTheNextLayersSums()
    {
        // Input 2 always emits 7: without it the biases must carry 7·w.
        var bias = new float[] { 1, 1, 1, 1 };
        ImportancePruning.FoldIntoBias(Incoming, [0, 0, 7], bias);
        Assert.Equal([1f, -13, 1, 8], bias);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(25, 2)]
    [InlineData(50, 3)]
    [InlineData(10, 1.4)]
    [InlineData(99, 4.96)]
    public void Percentile_FiveNumbers_AsNumPy(double percent, double expected) =>
        Assert.Equal(expected, Selection.Percentile([5, 3, 1, 4, 2], percent), 6);

    [Fact]
    public void Smallest_RandomItems_AgreesWithSorting()
    {
        var stream = RandomStream.For(1, RandomPurpose.Evolution);
        for (var round = 0; round < 300; round++)
        {
            var items = new float[1 + stream.NextBelow(40)];
            foreach (ref var item in items.AsSpan())
            {
                item = stream.NextBelow(round % 2 == 0 ? 5 : 1000) - (round % 3 == 0 ? 3 : 0.25f); // many ties, few ties; both signs
            }

            var sorted = items.Order().ToArray();
            var count = 1 + (int)stream.NextBelow(items.Length);
            Assert.Equal(sorted[count - 1], Selection.Smallest(items, count));
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(20_000)]
    [InlineData(1_000_000)]
    public void ExplorationSketch_DistinctCells_EstimatedWithinThreeStandardErrors(int cells)
    {
        var sketch = new ExplorationSketch();
        for (var repeat = 0; repeat < 2; repeat++)
        {
            for (long cell = 0; cell < cells; cell++)
            {
                sketch.Add(cell * 7919);
            }
        }

        Assert.InRange(sketch.Estimate(), cells * 0.975, cells * 1.025);
        Assert.Equal(sketch.Estimate(), new ExplorationSketch([.. sketch.State]).Estimate());
    }

    private static IEnumerable<int> Choose(CsrMatrix incoming, bool[] removed, double percentile)
    {
        using var weights = incoming;
        var chosen = new bool[removed.Length];
        ImportancePruning.Choose(weights, removed, percentile, chosen);
        return Enumerable.Range(0, chosen.Length).Where(neuron => chosen[neuron]);
    }
}
