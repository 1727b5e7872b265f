using SparseService.Engine.Parallel.Simulation;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Parallel.Simulation;

public class StepSimulationTests
{
    private static readonly MachineModel Machine = new(
        Latency: 1e-3, BytesPerSecond: 64e3, FlopsPerCore: 32e3, Cores: 1, RanksPerNode: 1, ValueSeconds: 1.36e-3, ValueByteSeconds: 1e-5);

    // A batch of 16: a connection takes 1 ms, a value 1 ms and 2 ms to be packed, a message 1 ms.
    [Fact]
    public void Of_TwoRanks_AddsUpTheSlowerOneLayerByLayer()
    {
        RankLoad[] first = [new(1, 10, 0, 0, 0, 0, 0), new(1, 4, 0, 0, 0, 0, 0)];
        RankLoad[] second = [new(1, 20, 6, 3, 3, 1, 1), new(1, 2, 1, 3, 3, 1, 1)];

        var step = StepSimulation.Of([first, second], Machine, outputs: 2, samples: 16, aloneSeconds: 0.5);

        // Layer 1: forward 10 + 8, backward the same. Layer 2: forward 2·3 packed + 20 + 8 + 6 + 4, the exchange of 2 + 3 hidden behind 28;
        // backward 2·20 + 8 + 2·6 + 3·8 + 2·3 folded.
        Assert.Equal(0.5 + 0.036 + 0.044 + 0.090, step.Compute, 9);
        Assert.Equal(0, step.Exposed, 9);
        Assert.Equal(0.001 + 0.002, step.Logits, 9);
        Assert.Equal(step.Compute + step.Logits, step.Seconds, 9);
    }

    [Fact]
    public void Of_SlowLink_ExposesWhatOwnConnectionsDoNotHide()
    {
        RankLoad[] layer = [new(0, 10, 5, 30, 20, 1, 1), new(0, 10, 5, 20, 30, 1, 1)];

        var step = StepSimulation.Of([layer, layer], Machine, 1, 16, 0);

        // 2 messages and 30 values, beside 10 connections forward, 10 (first layer) or 20 backward.
        Assert.Equal(0.022 + 0.022 + 0.022 + 0.012, step.Exposed, 9);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(4, 2)]
    [InlineData(64, 2)]
    public void RanksPerCore_RanksShareTheCoresOfANode(int ranks, double expected) =>
        Assert.Equal(expected, (Machine with { Cores = 2, RanksPerNode = 4 }).RanksPerCore(ranks));

    [Fact]
    public void Of_RanksThatShareACore_TakeAsMuchLonger()
    {
        RankLoad[] layer = [new(1, 10, 5, 3, 3, 0, 0), new(1, 10, 5, 3, 3, 0, 0)];

        var apart = StepSimulation.Of([layer], Machine, 2, 16, 0.5);
        var together = StepSimulation.Of([layer], Machine with { RanksPerNode = 2 }, 2, 16, 0.5);

        Assert.Equal(2 * apart.Compute, together.Compute, 9);
    }

    [Theory]
    [InlineData(PartitionKind.Random)]
    [InlineData(PartitionKind.Hypergraph)]
    public void RankLoad_OfALayer_IsWhatTheScoreCounts(PartitionKind kind)
    {
        const int parts = 5;
        var network = new NetworkOptions { Layers = [30, 80, 70, 6], Topology = new TopologyOptions { Epsilon = 4 } };
        var layers = Enumerable.Range(0, 3).Select(layer => TopologyGenerator.Layer(network, layer, 3)).ToArray();
        var partition = NetworkPartition.Of(layers, new PartitionOptions { Kind = kind }, parts, 3);
        var score = PartitionScore.Of(layers, partition);

        for (var l = 0; l < layers.Length; l++)
        {
            var loads = RankLoad.Of(layers[l], l == 0 ? null : partition.Owners[l - 1], partition.Owners[l], parts);

            Assert.Equal(score.Layers[l].Words, loads.Sum(load => load.WordsOut));
            Assert.Equal(score.Layers[l].Words, loads.Sum(load => load.WordsIn));
            Assert.Equal(score.Layers[l].Messages, loads.Sum(load => load.MessagesOut));
            Assert.Equal(score.Layers[l].LargestSender, loads.Max(load => load.WordsOut));
            Assert.Equal(layers[l].Nnz, loads.Sum(load => load.OwnConnections + load.GhostConnections));
            Assert.Equal(layers[l].Rows, loads.Sum(load => load.Rows));
        }

        Array.ForEach(layers, layer => layer.Dispose());
    }

    [Fact]
    public void RandomWords_Formula_IsNearWhatIsCounted()
    {
        const int width = 4000;
        var network = new NetworkOptions { Layers = [width, width, width], Topology = new TopologyOptions { Epsilon = 2 } };
        var layers = Enumerable.Range(0, 2).Select(layer => TopologyGenerator.Layer(network, layer, 3)).ToArray();
        foreach (var parts in new[] { 2, 16, 300 })
        {
            var partition = NetworkPartition.Of(layers, new PartitionOptions { Kind = PartitionKind.Random }, parts, 3);
            var counted = PartitionScore.Of(layers, partition).Layers[1];
            var formula = Volumes.RandomWords(width, 4, parts);

            Assert.Equal(1, formula / counted.Words, 0.03);
            Assert.Equal(1, Volumes.Messages(formula, parts) / counted.Messages, 0.03);
        }

        Array.ForEach(layers, layer => layer.Dispose());
    }

    [Fact]
    public void Of_1024Ranks_TakesLessThanOneAndMoreThanItsShare()
    {
        var one = StepSimulation.Of([RankLoad.Even(1, 1e6, 4e6, 0, 0, 0, 0)], Machine, 2, 16, 0);
        var words = Volumes.RandomWords(1e6, 4, 1024);
        var many = StepSimulation.Of([RankLoad.Even(1024, 1e6, 4e6, 0.9, words, Volumes.Messages(words, 1024), 0.01)], Machine, 2, 16, 0);

        Assert.InRange(many.Seconds, one.Seconds / 1024, one.Seconds);
    }
}
