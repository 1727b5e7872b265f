using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Topology;

public sealed class RegrowthTests
{
    private static readonly WeightInitializer Initializer = WeightInitializer.For(WeightDistribution.Normal, 4, 3, connections: 1);

    [Fact]
    public void Grow_ManyDraws_EverySetOfFreeCellsEquallyLikely()
    {
        // 3 × 4 with 5 cells taken: 7 free ones, 21 pairs of them.
        var stream = RandomStream.For(3, RandomPurpose.Evolution);
        var pairs = new Dictionary<(long, long), int>();
        for (var draw = 0; draw < 21_000; draw++)
        {
            using var connections = Some();
            var cells = Grow(connections, 2, OpenNeurons.All(3, 4), ref stream);
            pairs[(cells[0], cells[1])] = pairs.GetValueOrDefault((cells[0], cells[1])) + 1;
        }

        Assert.Equal(21, pairs.Count);
        Assert.All(pairs.Keys, pair => Assert.DoesNotContain(pair.Item1, new long[] { 1, 3, 8, 9, 10 }));
        RandomCellsTests.AssertUniform(pairs.Values, 1000);
    }

    [Fact]
    public void Grow_ClosedNeurons_OnlyOpenCellsEquallyLikely()
    {
        // Row 1 and column 3 closed, and without connections: 3 free cells left, (0,0), (0,2) and (2,1).
        var open = new OpenNeurons([false, true, false], [false, false, false, true]);
        var stream = RandomStream.For(5, RandomPurpose.Evolution);
        var frequency = new Dictionary<long, int>();
        for (var draw = 0; draw < 6000; draw++)
        {
            using var connections = new Connections(
                new CsrMatrix(3, 4, WithRoom(0L, 1, 1, 3), WithRoom(1, 0, 2), WithRoom(1f, 2, 3)), [WithRoom(1f, 2, 3)]);
            foreach (var cell in Grow(connections, 1, open, ref stream))
            {
                frequency[cell] = frequency.GetValueOrDefault(cell) + 1;
            }
        }

        Assert.Equal([0L, 2, 9], frequency.Keys.Order());
        RandomCellsTests.AssertUniform(frequency.Values, 2000);
    }

    [Fact]
    public void Grow_EveryFreeCell_FillsTheLayerAndMovesNothingElse()
    {
        using var connections = Some();
        var stream = RandomStream.For(3, RandomPurpose.Evolution);
        Grow(connections, 7, OpenNeurons.All(3, 4), ref stream);
        connections.Weights.Check();
        Assert.Equal([0L, 4, 8, 12], connections.Weights.RowOffsets.ToArray());
        Assert.Equal([1, 2, 3, 4, 5], new[] { 1, 3, 8, 9, 10 }.Select(cell => connections.Weights.Values[cell]));
        Assert.Equal([0f, 10, 0, 20, 0, 0, 0, 0, 30, 40, 50, 0], connections.State[0].ToArray());
    }

    [Fact]
    public void Grow_MoreThanFree_Refuses()
    {
        using var connections = Some();
        Assert.Throws<ArgumentOutOfRangeException>(() =>
        {
            var stream = RandomStream.For(3, RandomPurpose.Evolution);
            Grow(connections, 8, OpenNeurons.All(3, 4), ref stream);
        });
    }

    private static Connections Some() => new(
        new CsrMatrix(3, 4, WithRoom(0L, 2, 2, 5), WithRoom(1, 3, 0, 1, 2), WithRoom(1f, 2, 3, 4, 5)), [WithRoom(10f, 20, 30, 40, 50)]);

    private static DeviceBuffer<T> WithRoom<T>(params ReadOnlySpan<T> items)
        where T : unmanaged
    {
        var buffer = new DeviceBuffer<T>(12);
        buffer.Resize(items.Length);
        items.CopyTo(buffer.Span);
        return buffer;
    }

    private static long[] Grow(Connections connections, long count, OpenNeurons open, ref RandomStream stream)
    {
        var before = SetEvolutionTests.Cells(connections);
        Regrowth.Grow(connections, count, count, Initializer, open, new ExplorationSketch(), ref stream);
        return [.. SetEvolutionTests.Cells(connections).Keys.Except(before.Keys).Order()];
    }
}
