using SparseService.Engine.Partitioning;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Partitioning;

public sealed class PartitionScoreTests
{
    // Layer 1: 3 inputs to 4 rows. Layer 2: rows read neurons {0,1}, {1,2}, {2}, {} of those 4; neuron 3 is read by nobody.
    private static CsrMatrix[] HandWorked() =>
        [new(4, 3, [0, 1, 2, 3, 4], [0, 1, 2, 0], new float[4]), new(4, 4, [0, 2, 4, 5, 5], [0, 1, 1, 2, 2], new float[5])];

    [Fact]
    public void Of_HandWorked_CountsWordsMessagesSendersAndWork()
    {
        // Neuron 0 (part 0) is read in part 0: none. Neuron 1 (part 1) in parts 0 and 1: one. Neuron 2 (part 2) in parts 1 and 0: two.
        var score = PartitionScore.Of(HandWorked(), new NetworkPartition(3, [[0, 1, 2, 0], [0, 1, 0, 2]]));
        Assert.Equal(new LayerScore(1, 0, 0, 0, 0.5), score.Layers[0]);
        Assert.Equal(new LayerScore(2, Words: 3, Messages: 3, LargestSender: 2, Imbalance: (3 * 3 / 5.0) - 1), score.Layers[1]);
        Assert.Equal((3, 3, 2, (3 * 3 / 5.0) - 1), (score.Words, score.Messages, score.LargestSender, score.Imbalance));
    }

    [Fact]
    public void Of_InputThatTravels_StartsAtItsLowestReader()
    {
        // Input 0 is read by rows 0 and 3, both of part 2; input 1 by part 1, input 2 by part 0.
        var alone = PartitionScore.Of(HandWorked(), new NetworkPartition(3, [[2, 1, 0, 2], [0, 0, 0, 0]]), inputTravels: true);
        Assert.Equal((0, 0), (alone.Layers[0].Words, alone.Layers[0].Messages));
        var cut = PartitionScore.Of(HandWorked(), new NetworkPartition(3, [[2, 1, 0, 1], [0, 0, 0, 0]]), inputTravels: true);
        Assert.Equal((1, 1, 1), (cut.Layers[0].Words, cut.Layers[0].Messages, cut.Layers[0].LargestSender));
    }

    [Theory]
    [InlineData(PartitionKind.Random, 5)]
    [InlineData(PartitionKind.Block, 5)]
    [InlineData(PartitionKind.Random, 64)]
    public void Of_DrawnNetwork_EqualsACountOverAllPairs(PartitionKind kind, int parts)
    {
        var network = new NetworkOptions { Layers = [30, 40, 50, 6], Topology = new TopologyOptions { Epsilon = 4 } };
        var layers = Enumerable.Range(0, 3).Select(layer => TopologyGenerator.Layer(network, layer, seed: 3)).ToArray();
        var partition = NetworkPartition.Of(layers, new PartitionOptions { Kind = kind }, parts, seed: 9);
        var score = PartitionScore.Of(layers, partition);
        for (var l = 1; l < layers.Length; l++)
        {
            Assert.Equal(Travels(layers[l], partition.Owners[l - 1], partition.Owners[l]).Distinct().Count(), score.Layers[l].Words);
            Assert.Equal(
                Travels(layers[l], partition.Owners[l - 1], partition.Owners[l]).Select(t => (t.From, t.To)).Distinct().Count(), score.Layers[l].Messages);
        }
    }

    [Theory]
    [InlineData(PartitionKind.Random)]
    [InlineData(PartitionKind.Block)]
    public void SimpleKinds_AnySize_GiveEachPartTheSameNumberOfRows(PartitionKind kind)
    {
        using var layer = new CsrMatrix(103, 4, new long[104], [], []);
        var owners = NetworkPartition.Of([layer], new PartitionOptions { Kind = kind }, parts: 10, seed: 1).Owners[0];
        Assert.All(owners.CountBy(owner => owner), part => Assert.InRange(part.Value, 10, 11));
        Assert.Equal(kind == PartitionKind.Block, owners.Order().SequenceEqual(owners));
    }

    [Fact]
    public void Partition_RowOfNobody_IsRefused() =>
        Assert.Contains("Row 1 of layer 1", Assert.Throws<ArgumentException>(() => new NetworkPartition(2, [[0, 2]])).Message, StringComparison.Ordinal);

    internal static IEnumerable<(int Column, int From, int To)> Travels(CsrMatrix matrix, int[] sources, int[] owners)
    {
        for (var row = 0; row < matrix.Rows; row++)
        {
            for (var k = matrix.RowOffsets[row]; k < matrix.RowOffsets[row + 1]; k++)
            {
                var column = matrix.ColumnIndices[k];
                if (sources[column] != owners[row])
                {
                    yield return (column, sources[column], owners[row]);
                }
            }
        }
    }
}
