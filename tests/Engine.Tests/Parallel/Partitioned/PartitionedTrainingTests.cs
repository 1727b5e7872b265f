using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Parallel.Partitioned;

public sealed class PartitionedTrainingTests : IDisposable
{
    private readonly StoreFiles files = new();

    public static TheoryData<string, int> Ranks()
    {
        var cases = new TheoryData<string, int>();
        foreach (var transport in RankGroup.Transports)
        {
            foreach (var ranks in new[] { 1, 2, 3, 4 })
            {
                cases.Add(transport, ranks);
            }
        }

        return cases;
    }

    public static TheoryData<string> Transports => [.. RankGroup.Transports];

    public void Dispose() => files.Dispose();

    [Theory, MemberData(nameof(Ranks))]
    public void Train_WithEvolutionPruningAndDropout_EqualsSequential(string transport, int ranks)
    {
        using var data = files.Random(330, 20, SampleElement.Float, classes: 5);
        AssertEqualsSequential(data, transport, ranks, Everything() with { Summation = Summation.Float });
    }

    // Not one bit of weights, optimizer state and losses depends on the number of ranks.
    [Theory, MemberData(nameof(Ranks))]
    public void Train_WithFixedPointSums_HasTheBitsOfSequential(string transport, int ranks)
    {
        using var data = files.Random(330, 20, SampleElement.Float, classes: 5);
        var options = Everything();
        var expected = Sequential(data, options);

        var outcome = PartitionedRun.Train(files, options, transport, ranks);

        Assert.Equal(expected.Results.Select(result => result.Loss), outcome.Results.Select(result => result.Loss));
        Assert.Equal(expected.Results.Select(result => result.TestLoss), outcome.Results.Select(result => result.TestLoss));
        Assert.Equal(expected.Results.Select(result => result.TestAccuracy), outcome.Results.Select(result => result.TestAccuracy));
        var (before, after) = (PartitionedRun.Tensors(expected.Checkpoint), PartitionedRun.Tensors(outcome.Checkpoint));
        Assert.Equal(before.Keys, after.Keys);
        Assert.All(before.Keys, name => Assert.True(before[name].AsSpan().SequenceEqual(after[name]), $"{name} differs"));
    }

    // New connections of a row keep to its own part's columns; the ranks find the same ones as one process that knows the partition.
    [Theory, MemberData(nameof(Ranks))]
    public void Train_WithOwnColumns_HasTheBitsOfSequential(string transport, int ranks)
    {
        using var data = files.Random(330, 20, SampleElement.Float, classes: 5);
        var options = Everything();
        options = options with
        {
            Parallel = options.Parallel! with { Workers = ranks, Partition = options.Parallel.Partition with { OwnColumns = 0.8 } },
        };
        var expected = Sequential(data, options);

        var outcome = PartitionedRun.Train(files, options, transport, ranks);

        Assert.Equal(expected.Results.Select(result => result.Loss), outcome.Results.Select(result => result.Loss));
        var (before, after) = (PartitionedRun.Tensors(expected.Checkpoint), PartitionedRun.Tensors(outcome.Checkpoint));
        Assert.All(before.Keys, name => Assert.True(before[name].AsSpan().SequenceEqual(after[name]), $"{name} differs"));
    }

    [Theory, MemberData(nameof(Ranks))]
    public void Train_WithAdamAndZeroFirstWeights_EqualsSequential(string transport, int ranks)
    {
        using var data = TrainingData.Quadrants(files);
        AssertEqualsSequential(data, transport, ranks, Partitioned(TrainingData.Options(2, 24, 24, 2)) with
        {
            Optimizer = new OptimizerOptions { Kind = OptimizerKind.Adam, LearningRate = 0.01 },
            Evolution = new EvolutionOptions { DropFraction = 0.4, NewWeights = NewWeights.Zero, IncludeOutputLayer = true },
        });
    }

    [Theory, MemberData(nameof(Transports))]
    public void Train_MoreRanksThanOutputs_EqualsSequential(string transport)
    {
        using var data = TrainingData.Quadrants(files);
        AssertEqualsSequential(data, transport, 4, Partitioned(TrainingData.Options(2, 30, 1)) with { Loss = LossKind.BinaryCrossEntropy });
    }

    [Theory, MemberData(nameof(Transports))]
    public void Train_MoreRanksThanNeuronsOfALayer_EqualsSequential(string transport)
    {
        using var data = TrainingData.Quadrants(files);
        AssertEqualsSequential(data, transport, 4, Partitioned(TrainingData.Options(2, 20, 3, 20, 2)) with { Dropout = 0 });
    }

    [Theory, MemberData(nameof(Transports))]
    public void Train_NoHiddenLayer_EqualsSequential(string transport)
    {
        using var data = files.Random(100, 12, SampleElement.Float, classes: 7);
        AssertEqualsSequential(data, transport, 3, Partitioned(TrainingData.Options(12, 7)) with
        {
            Evolution = new EvolutionOptions { DropFraction = 0.3, IncludeOutputLayer = true },
        });
    }

    [Theory, MemberData(nameof(Transports))]
    public void Train_Regression_EqualsSequential(string transport)
    {
        using var data = TrainingData.Plane(files);
        AssertEqualsSequential(data, transport, 3, Partitioned(TrainingData.Options(3, 16, 16, 1)) with
        {
            Loss = LossKind.SquaredError,
            Optimizer = new OptimizerOptions { LearningRate = 0.001 },
            Data = new DataOptions { TestShare = 0.2 },
        });
    }

    // Two separate halves: no rank reads anything of the other's.
    [Theory, MemberData(nameof(Transports))]
    public void Train_PartsThatDoNotTouch_ExchangesNothing(string transport)
    {
        using var data = TrainingData.Quadrants(files);
        int[][] halves = [.. from half in new[] { 0, 4 } from i in Enumerable.Range(0, 4) from j in Enumerable.Range(0, 4) select new[] { half + i, half + j }];
        int[][] inputs = [.. from input in new[] { 0, 1 } from neuron in Enumerable.Range(0, 8) select new[] { input, neuron }];
        int[][] outputs = [.. from neuron in Enumerable.Range(0, 4) from half in new[] { 0, 1 } select new[] { (half * 4) + neuron, half }];
        var options = Partitioned(TrainingData.Options(2, 8, 8, 2)) with { Evolution = null };
        options = options with
        {
            Network = options.Network with { Topology = new TopologyOptions { Kind = TopologyKind.Edges, Edges = [inputs, halves, outputs] } },
            Parallel = options.Parallel! with { Partition = new PartitionOptions { Kind = PartitionKind.Block } },
        };

        var outcome = AssertEqualsSequential(data, transport, 2, options);

        Assert.All(outcome.Traffic, epoch => Assert.Equal([0, 0, 0], epoch.Words));
    }

    [Theory, MemberData(nameof(Ranks))]
    public void Train_EveryEpoch_SendsConnectivityMinusOneWords(string transport, int ranks)
    {
        using var data = files.Random(330, 20, SampleElement.Float, classes: 5);
        var options = Everything();

        var outcome = PartitionedRun.Train(files, options, transport, ranks);

        var partition = PartitionOf(options, ranks);
        var (steps, tests) = ((int)outcome.Results[0].Step, 1);
        Assert.Equal(options.Epochs, outcome.Traffic.Count);
        for (var epoch = 0; epoch < options.Epochs - 1; epoch++)
        {
            var state = CheckpointFile.Read(new MemoryStream(outcome.Traffic[epoch].Checkpoint), null);
            using var network = state.Network;
            var score = PartitionScore.Of([.. network.Layers.Select(layer => layer.Weights)], partition);
            var passes = (2 * steps) + tests;
            Assert.Equal(score.Layers.Select(layer => layer.Words * passes), outcome.Traffic[epoch].Words);
            Assert.Equal(score.Layers.Select(layer => layer.Messages * passes), outcome.Traffic[epoch].Messages);
            Assert.Equal(ranks > 1, score.Words > 0);
        }
    }

    [Theory, MemberData(nameof(Ranks))]
    public void Train_Twice_GivesTheSameBits(string transport, int ranks)
    {
        using var data = files.Random(200, 10, SampleElement.Float, classes: 3);
        var options = Everything() with { Epochs = 3, Network = Everything().Network with { Layers = [10, 30, 20, 3] } };

        var first = PartitionedRun.Train(files, options, transport, ranks);
        var second = PartitionedRun.Train(files, options, transport, ranks);

        Assert.Equal(first.Checkpoint, second.Checkpoint);
        Assert.Equal(first.Model, second.Model);
    }

    [Theory, MemberData(nameof(Transports))]
    public void Resume_InMidEpoch_GivesTheBitsOfATrainingNeverStopped(string transport)
    {
        using var data = files.Random(330, 20, SampleElement.Float, classes: 5);
        var options = Everything();
        var whole = PartitionedRun.Train(files, options, transport, 3);

        var stopped = PartitionedRun.Train(files, options, transport, 3, stopAt: 40);
        var resumed = PartitionedRun.Train(files, options, transport, 3, stopped.Checkpoint);

        // A cancellation is told along with the next step's logits.
        Assert.Equal(41, CheckpointFile.Read(new MemoryStream(stopped.Checkpoint), null).Step);
        Assert.Equal(whole.Model, resumed.Model);
        Assert.Equal(whole.Results.Skip(1).Select(result => result.TestLoss), resumed.Results.Select(result => result.TestLoss));
        Assert.Equal(whole.Results.Skip(1).Select(result => result.Loss), resumed.Results.Select(result => result.Loss));
    }

    [Theory, MemberData(nameof(Transports))]
    public void Resume_WithAnotherNumberOfRanksOrSequentially_GoesOnFromTheSameNetwork(string transport)
    {
        using var data = files.Random(330, 20, SampleElement.Float, classes: 5);
        var options = Everything();
        var expected = Sequential(data, options).Results;
        var stopped = PartitionedRun.Train(files, options, transport, 2, stopAt: 40);

        AssertClose(expected.Skip(1), PartitionedRun.Train(files, options, transport, 4, stopped.Checkpoint).Results);
        AssertClose(expected.Skip(1), PartitionedRun.Train(files, options, transport, 1, stopped.Checkpoint).Results);
        using var backend = Backend.Create("simd", 1);
        using var trainer = Trainer.Resume(new MemoryStream(stopped.Checkpoint), data, backend);
        AssertClose(expected.Skip(1), TrainingData.TrainToEnd(trainer));
    }

    [Theory, MemberData(nameof(Transports))]
    public void Resume_OfASequentialTraining_GoesOn(string transport)
    {
        using var data = files.Random(330, 20, SampleElement.Float, classes: 5);
        var options = Everything();
        var expected = Sequential(data, options).Results;
        using var backend = Backend.Create("simd", 1);
        using var trainer = Trainer.Create(options, data, backend);
        trainer.TrainEpoch(cancellationToken: TestContext.Current.CancellationToken);

        var resumed = PartitionedRun.Train(files, options, transport, 3, TrainingData.Bytes(trainer.WriteCheckpoint));

        AssertClose(expected.Skip(1), resumed.Results);
    }

    private static TrainingOptions Partitioned(TrainingOptions options) => options with
    {
        Evolution = options.Evolution ?? new EvolutionOptions { DropFraction = 0.3 },
        Parallel = new ParallelTrainingOptions { Method = ParallelMethod.Partitioned, Partition = new PartitionOptions { Kind = PartitionKind.Random } },
    };

    // Four epochs in which everything that changes a topology happens.
    private static TrainingOptions Everything() => Partitioned(TrainingData.Options(20, 40, 33, 26, 5)) with
    {
        Epochs = 4,
        Dropout = 0.3,
        Optimizer = new OptimizerOptions { LearningRate = 0.02, WeightDecay = 0.001 },
        Schedule = new ScheduleOptions { Kind = ScheduleKind.Cosine, WarmupEpochs = 1 },
        Data = new DataOptions { Normalization = NormalizationKind.Standardize, TestShare = 0.3 },
        Pruning = new PruningOptions { StartEpoch = 1, EveryEpochs = 2, Percentile = 10, FinalPercentile = 15 },
    };

    private static NetworkPartition PartitionOf(TrainingOptions options, int ranks)
    {
        using var network = SparseNetwork.Create(options);
        return NetworkPartition.Of([.. network.Layers.Select(layer => layer.Weights)], options.Parallel!.Partition, ranks, options.Seed);
    }

    private static (List<EpochResult> Results, byte[] Checkpoint, byte[] Model) Sequential(SampleStore data, TrainingOptions options)
    {
        using var backend = Backend.Create("simd", 1);
        using var trainer = Trainer.Create(options, data, backend);
        return (TrainingData.TrainToEnd(trainer), TrainingData.Bytes(trainer.WriteCheckpoint), TrainingData.Bytes(trainer.WriteModel));
    }

    private PartitionedOutcome AssertEqualsSequential(SampleStore data, string transport, int ranks, TrainingOptions options)
    {
        var expected = Sequential(data, options);

        var outcome = PartitionedRun.Train(files, options, transport, ranks);

        AssertClose(expected.Results, outcome.Results);
        var (before, after) = (PartitionedRun.Tensors(expected.Checkpoint), PartitionedRun.Tensors(outcome.Checkpoint));
        Assert.Equal(before.Keys, after.Keys);
        foreach (var name in before.Keys.Where(name => ranks == 1 || name.EndsWith("removed", StringComparison.Ordinal)))
        {
            Assert.True(before[name].AsSpan().SequenceEqual(after[name]), $"{name} differs");
        }

        Assert.Equal(PartitionedRun.Tensors(expected.Model).Keys, PartitionedRun.Tensors(outcome.Model).Keys);
        return outcome;
    }

    private static void AssertClose(IEnumerable<EpochResult> expected, IReadOnlyList<EpochResult> actual)
    {
        var wanted = expected.ToArray();
        Assert.Equal(wanted.Length, actual.Count);
        for (var epoch = 0; epoch < wanted.Length; epoch++)
        {
            var (one, other) = (wanted[epoch], actual[epoch]);
            Near(one.Loss, other.Loss);
            Near(one.TestLoss, other.TestLoss);
            Near(one.GradientNorm, other.GradientNorm);
            Assert.Equal((one.Epoch, one.Step, one.Nnz, one.LearningRate), (other.Epoch, other.Step, other.Nnz, other.LearningRate));
            foreach (var (layer, otherLayer) in one.Statistics.Layers.Zip(other.Statistics.Layers))
            {
                Assert.Equal(
                    (layer.Nnz, layer.Births, layer.Deaths, layer.PrunedConnections, layer.PrunedNeurons, layer.DeadNeurons),
                    (otherLayer.Nnz, otherLayer.Births, otherLayer.Deaths, otherLayer.PrunedConnections, otherLayer.PrunedNeurons, otherLayer.DeadNeurons));
                Assert.Equal(layer.FanIn!.Histogram, otherLayer.FanIn!.Histogram);
                Near(layer.Importance.Mean, otherLayer.Importance.Mean);
                Near(layer.ExplorationRate, otherLayer.ExplorationRate);
            }
        }

        static void Near(double one, double other) => Assert.True(Math.Abs(one - other) <= 1e-4 * Math.Abs(one), $"{other}; expected {one}");
    }
}
