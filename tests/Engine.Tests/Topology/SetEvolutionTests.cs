using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Topology;

public sealed class SetEvolutionTests
{
    // Values, drop fraction, what stays. Negatives and positives are counted and dropped apart, each ⌊ζ·n⌋.
    public static TheoryData<float[], double, bool[]> HandWorked => new()
    {
        { [-3, -1, -2, 4, 1, 3, 2], 0.5, [true, false, true, true, false, true, false] },
        { [-3, -1, -2, 4, 1, 3, 2], 0.3, [true, true, true, true, false, true, true] },
        { [1, 2, 3, 4], 0.25, [false, true, true, true] },
        { [-1, -2, -3, -4], 0.5, [false, false, true, true] },
        { [1, 1, 1, 1], 0.5, [false, false, true, true] },          // of equals the first go
        { [-1, -1, -1, -1, 1], 0.5, [false, false, true, true, true] },
        { [0, 5, -0.001f, -7], 0.5, [false, true, false, true] },   // zero counts as the smallest positive
        { [-0f, 5], 0.5, [false, true] },                           // so does −0: one of two positives
        { [5], 0.9, [true] },                                       // ⌊0.9⌋ = 0
        { [], 0.3, [] },
    };

    [Theory, MemberData(nameof(HandWorked))]
    public void Drop_HandWorked_KeepsTheRest(float[] values, double dropFraction, bool[] kept)
    {
        var places = Enumerable.Range(0, values.Length).ToArray();
        using var connections = new Connections(
            new CsrMatrix(1, values.Length, [0, values.Length], places, values), [new DeviceBuffer<float>(places.Select(k => k + 0.5f).ToArray())]);

        SetEvolution.Drop(connections, dropFraction);

        var expected = places.Where(k => kept[k]).ToArray();
        Assert.Equal(expected, connections.Weights.ColumnIndices.ToArray());
        Assert.Equal(expected.Select(k => values[k]), connections.Weights.Values.ToArray());
        Assert.Equal(expected.Select(k => k + 0.5f), connections.State[0].ToArray());
        Assert.Equal([0L, expected.Length], connections.Weights.RowOffsets.ToArray());
    }

    [Theory]
    [InlineData(20, 30, 0.1, 0.3, 1)]
    [InlineData(20, 30, 0.5, 0.9, 2)]
    [InlineData(7, 5, 1.0, 0.3, 3)]      // full: grows exactly where it dropped
    [InlineData(1, 1, 1.0, 0.5, 4)]
    [InlineData(50, 3, 0.02, 0.5, 5)]
    [InlineData(200, 300, 0.05, 0.3, 6)]
    public void Evolve_AnyLayer_KeepsItsPromises(int rows, int columns, double density, double dropFraction, int seed)
    {
        using var layer = Layer(rows, columns, density, seed);
        var (old, values, version) = (Cells(layer), layer.Weights.Values.ToArray(), layer.Weights.PatternVersion);
        var initializer = WeightInitializer.For(WeightDistribution.HeUniform, columns, rows, connections: 1);
        var stream = RandomStream.For((ulong)seed, RandomPurpose.Evolution, epoch: 1);
        var replaced = SetEvolution.Evolve(layer, dropFraction, initializer, OpenNeurons.All(rows, columns), new ExplorationSketch(), ref stream);

        layer.Weights.Check(); // columns ascending, none twice
        Assert.Equal(values.Length, layer.Weights.Nnz);
        var negatives = values.Count(value => value < 0);
        Assert.Equal((int)(dropFraction * negatives) + (int)(dropFraction * (values.Length - negatives)), replaced);
        Assert.Equal(replaced > 0, layer.Weights.PatternVersion > version);

        // The momentum of an old connection is a number of its own, above 0; a grown one has none.
        var now = Cells(layer);
        var fresh = now.Where(cell => cell.Value.Momentum == 0).Select(cell => cell.Key).ToHashSet();
        var limit = Math.Sqrt(6.0 / columns);
        Assert.Equal(replaced, fresh.Count);
        Assert.All(fresh, cell => Assert.InRange(now[cell].Value, -limit, limit));
        Assert.All(now.Keys.Except(fresh), cell => Assert.Equal(old[cell], now[cell]));
        AssertSmallestWent(old, now, fresh);
    }

    [Fact]
    public void Evolve_SameStream_SameResult()
    {
        Assert.Equal(EvolveOnce(epoch: 3), EvolveOnce(epoch: 3));
        Assert.NotEqual(EvolveOnce(epoch: 3), EvolveOnce(epoch: 4));
    }

    // Rounding tells two trainings apart by a few connections at the cut. They must not grow all others elsewhere for it.
    [Fact]
    public void Evolve_TwoWeightsExchangedAtTheCut_DifferInThoseAlone()
    {
        using var one = Layer(200, 300, 0.05, 6);
        using var other = Layer(200, 300, 0.05, 6);
        var byMagnitude = Enumerable.Range(0, (int)one.Weights.Nnz).Where(k => one.Weights.Values[k] > 0).OrderBy(k => one.Weights.Values[k]).ToArray();
        var last = (int)(0.3 * byMagnitude.Length) - 1;
        var (goes, stays) = (byMagnitude[last], byMagnitude[last + 1]);
        (other.Weights.Values[goes], other.Weights.Values[stays]) = (one.Weights.Values[stays], one.Weights.Values[goes]);

        EvolveOnce(one, 0.3, epoch: 1);
        EvolveOnce(other, 0.3, epoch: 1);

        var (cells, otherCells) = (Cells(one).Keys.ToHashSet(), Cells(other).Keys.ToHashSet());
        Assert.InRange(cells.Except(otherCells).Count(), 1, 3);
        Assert.InRange(otherCells.Except(cells).Count(), 1, 3);
    }

    [Fact]
    public void Evolve_TwoStates_BothMoveAlong()
    {
        using var one = Layer(30, 40, 0.2, 7);
        var second = new DeviceBuffer<float>(one.State[0].ToArray().Select(momentum => -momentum).ToArray());
        using var both = new Connections(one.Weights, [one.State[0], second]);
        var stream = RandomStream.For(1, RandomPurpose.Evolution);
        SetEvolution.Evolve(
            both, 0.4, WeightInitializer.For(WeightDistribution.Normal, 40, 30, connections: 1), OpenNeurons.All(30, 40), new ExplorationSketch(), ref stream);
        Assert.Equal(one.State[0].ToArray().Select(momentum => -momentum), second.ToArray());
    }

    [Fact]
    public void Evolve_ClosedNeurons_StayUnconnected()
    {
        var (rows, columns) = (30, 20);
        var closedRows = Enumerable.Range(0, rows).Select(row => row % 3 == 0).ToArray();
        var closedColumns = Enumerable.Range(0, columns).Select(column => column % 4 == 1).ToArray();
        using var layer = Layer(rows, columns, 0.5, 1);
        ImportancePruning.Remove(layer, closedRows, closedColumns);
        var budget = layer.Weights.Nnz;
        var stream = RandomStream.For(1, RandomPurpose.Evolution);
        for (var epoch = 0; epoch < 30; epoch++)
        {
            SetEvolution.Evolve(
                layer, 0.5, WeightInitializer.For(WeightDistribution.Normal, columns, rows, connections: 1), new OpenNeurons(closedRows, closedColumns),
                new ExplorationSketch(), ref stream);
            layer.Weights.Check();
            Assert.Equal(budget, layer.Weights.Nnz);
        }

        Assert.All(Cells(layer).Keys, cell => Assert.False(closedRows[cell / columns] || closedColumns[cell % columns]));
    }

    internal static Connections Layer(int rows, int columns, double density, int seed)
    {
        var network = new NetworkOptions { Layers = [columns, rows], Topology = new TopologyOptions { Kind = TopologyKind.Uniform, Density = density } };
        var weights = TopologyGenerator.Layer(network, 0, (ulong)seed);
        return new Connections(weights, [new DeviceBuffer<float>(Enumerable.Range(1, (int)weights.Nnz).Select(k => (float)k).ToArray())]);
    }

    internal static Dictionary<long, (float Value, float Momentum)> Cells(Connections connections)
    {
        var (weights, cells) = (connections.Weights, new Dictionary<long, (float, float)>());
        for (var row = 0; row < weights.Rows; row++)
        {
            for (var k = weights.RowOffsets[row]; k < weights.RowOffsets[row + 1]; k++)
            {
                cells.Add(((long)row * weights.Columns) + weights.ColumnIndices[k], (weights.Values[k], connections.State[0][k]));
            }
        }

        return cells;
    }

    private static void AssertSmallestWent(
        Dictionary<long, (float Value, float Momentum)> old, Dictionary<long, (float Value, float Momentum)> now, HashSet<long> fresh)
    {
        foreach (var negative in new[] { true, false })
        {
            var sign = old.Where(cell => cell.Value.Value < 0 == negative).ToLookup(cell => now.ContainsKey(cell.Key) && !fresh.Contains(cell.Key));
            var largestDropped = sign[false].Select(cell => Math.Abs(cell.Value.Value)).DefaultIfEmpty(0).Max();
            var smallestKept = sign[true].Select(cell => Math.Abs(cell.Value.Value)).DefaultIfEmpty(float.MaxValue).Min();
            Assert.True(largestDropped <= smallestKept, $"Dropped {largestDropped} but kept {smallestKept}.");
        }
    }

    private static string EvolveOnce(long epoch)
    {
        using var layer = Layer(40, 60, 0.1, 1);
        EvolveOnce(layer, 0.3, epoch);
        return string.Join(' ', Cells(layer));
    }

    private static void EvolveOnce(Connections layer, double dropFraction, long epoch)
    {
        var (rows, columns) = (layer.Weights.Rows, layer.Weights.Columns);
        var stream = RandomStream.For(9, RandomPurpose.Evolution, epoch, layer: 1);
        var initializer = WeightInitializer.For(WeightDistribution.Normal, columns, rows, connections: 1);
        SetEvolution.Evolve(layer, dropFraction, initializer, OpenNeurons.All(rows, columns), new ExplorationSketch(), ref stream);
    }
}
