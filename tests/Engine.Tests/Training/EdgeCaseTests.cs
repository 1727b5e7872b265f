using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

/// <summary>The smallest and emptiest networks, minibatches and test parts; and what a resumed training may not change.</summary>
public sealed class EdgeCaseTests : IDisposable
{
    private readonly StoreFiles files = new();

    public static TheoryData<string> Backends => new(Backend.Available);

    public void Dispose() => files.Dispose();

    [Theory, MemberData(nameof(Backends))]
    public void Train_WidthsOfOneAndBatchesOfOne_Works(string backendName)
    {
        using var data = Line(rows: 20, testRows: 3);
        using var backend = Backend.Create(backendName, 2);
        var options = TrainingData.Options(1, 1, 1, 2) with { BatchSize = 1, Pruning = new PruningOptions { StartEpoch = 0, EveryEpochs = 1, FinalPercentile = 50 } };
        using var trainer = Trainer.Create(options, data, backend);
        Assert.All(TrainingData.TrainToEnd(trainer), result => Assert.True(double.IsFinite(result.Loss) && double.IsFinite(result.TestLoss)));
    }

    [Theory, MemberData(nameof(Backends))]
    public void Train_LayersWithoutConnections_LearnsTheClassShares(string backendName)
    {
        using var data = Line(rows: 40, testRows: 4);
        using var backend = Backend.Create(backendName, 2);
        var options = TrainingData.Options(1, 3, 4, 2) with
        {
            Network = TrainingData.Options(1, 3, 4, 2).Network with { Topology = new TopologyOptions { Kind = TopologyKind.Uniform, Density = 0.01 } },
        };
        using var trainer = Trainer.Create(options, data, backend);
        var last = TrainingData.TrainToEnd(trainer)[^1];
        Assert.Equal(0, last.Nnz);
        Assert.InRange(last.Loss, 0.5, 0.8);
        using var resumed = Trainer.Resume(new MemoryStream(TrainingData.Bytes(trainer.WriteCheckpoint)), data, backend, options with { Epochs = 4 });
        Assert.Equal(0, TrainingData.TrainToEnd(resumed)[^1].Nnz);
    }

    [Fact]
    public void Create_BatchThatOnlyTheRoundedSplitCannotFill_IsRefused()
    {
        // 70 % of 10 rows are 7, but 3.5 of each class round to 3.
        using var data = Line(rows: 10, testRows: 0);
        using var backend = Backend.Create();
        var options = TrainingData.Options(1, 4, 2) with { BatchSize = 7, Data = new DataOptions { TestShare = 0.3 } };
        var exception = Assert.Throws<InvalidSpecException>(() => Trainer.Create(options, data, backend));
        Assert.Equal("$.training.batchSize is 7; allowed: 1 to 6, the rows to train on", exception.Faults.Single().ToString());
    }

    [Theory]
    [InlineData(ParallelMethod.Wasap, 7, null)]
    [InlineData(ParallelMethod.Wasap, 8, "1 to 7, the minibatches of 10 of the 79 rows")]
    [InlineData(ParallelMethod.Wassp, 1024, "1 to 7, the minibatches of 10 of the 79 rows")]
    [InlineData(ParallelMethod.Partitioned, 8, null)]
    public void ValidateAgainst_MoreWorkersThanMinibatches_AreRefused(ParallelMethod method, int workers, string? allowed)
    {
        var options = TrainingData.Options(2, 5, 2) with { Parallel = new ParallelTrainingOptions { Method = method, Workers = workers } };

        var faults = TrainingOptionsValidator.ValidateAgainst(options, new DatasetShape(2, 2, TrainRows: 79, TestRows: 20));

        Assert.Equal(allowed is null ? 0 : 1, faults.Count);
        Assert.All(faults, fault => Assert.Equal(("$.training.parallel.workers", $"{workers}"), (fault.Path, fault.Value)));
        Assert.All(faults, fault => Assert.StartsWith(allowed!, fault.Allowed, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ParallelMethod.Wasap, OptimizerKind.Adam, true)]
    [InlineData(ParallelMethod.Wassp, OptimizerKind.Sgd, true)]
    [InlineData(ParallelMethod.Wassp, OptimizerKind.Adam, false)]
    public void Validate_AdamInStep_IsRefused(ParallelMethod method, OptimizerKind optimizer, bool isAllowed)
    {
        var faults = TrainingOptionsValidator.Validate(TrainingData.Options(2, 5, 2) with
        {
            Optimizer = new OptimizerOptions { Kind = optimizer },
            Parallel = new ParallelTrainingOptions { Method = method },
        });

        Assert.Equal(isAllowed ? [] : ["$.training.optimizer.kind"], faults.Select(fault => fault.Path));
    }

    [Fact]
    public void ValidateAgainst_MinibatchBeyondOneArray_IsRefused()
    {
        var shape = new DatasetShape(Features: 60_000, Classes: 2, TrainRows: 100_000, TestRows: 10);
        var options = TrainingData.Options(60_000, 4, 2) with { BatchSize = 65_536 };
        var fault = TrainingOptionsValidator.ValidateAgainst(options, shape).Single();
        Assert.Equal(("$.training.batchSize", "65536"), (fault.Path, fault.Value));
        Assert.StartsWith("at most 35760", fault.Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_OptionsThatTheCheckpointFixes_AreNamed()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 8, 2);
        using var trainer = Trainer.Create(options, data, backend);
        trainer.TrainEpoch(cancellationToken: TestContext.Current.CancellationToken);
        var checkpoint = TrainingData.Bytes(trainer.WriteCheckpoint);
        var other = options with
        {
            Seed = 2,
            Optimizer = new OptimizerOptions { Kind = OptimizerKind.Adam },
            Data = new DataOptions { Normalization = NormalizationKind.None, TestShare = 0.5 },
        };
        var exception = Assert.Throws<InvalidSpecException>(() => Trainer.Resume(new MemoryStream(checkpoint), data, backend, other));
        Assert.Equal(
            ["$.training.optimizer.kind", "$.training.data.normalization", "$.training.data.testShare", "$.training.seed"],
            exception.Faults.Select(fault => fault.Path));

        // Between epochs the batch size is free.
        using var resumed = Trainer.Resume(new MemoryStream(checkpoint), data, backend, options with { BatchSize = 100 });
        Assert.Equal(trainer.Step + 8, TrainingData.TrainToEnd(resumed)[^1].Step);
    }

    [Fact]
    public void Resume_OtherBatchSizeInMidEpoch_IsRefused()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 8, 2);
        var checkpoint = StoppedAt(7, options, data, backend);
        var exception = Assert.Throws<InvalidSpecException>(
            () => Trainer.Resume(new MemoryStream(checkpoint), data, backend, options with { BatchSize = 100 }));
        Assert.Equal("$.training.batchSize", exception.Faults.Single().Path);
    }

    [Fact]
    public void Resume_StepBehindTheEpochsEnd_IsRefused()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        using var intact = Safetensors.Read(new MemoryStream(StoppedAt(7, TrainingData.Options(2, 8, 2), data, backend)));
        using var file = new MemoryStream();
        Safetensors.Write(file, new Dictionary<string, string>(intact.Metadata) { ["stepInEpoch"] = "41" }, [.. intact.Tensors.Values]);
        file.Position = 0;
        var exception = Assert.Throws<InvalidDataException>(() => Trainer.Resume(file, data, backend));
        Assert.Contains("41 of an epoch; allowed: 0 to 40", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_AdamWithAnotherSchedule_TakesItsRateFromTheNextEpochOn()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 8, 2) with { Optimizer = new OptimizerOptions { Kind = OptimizerKind.Adam, LearningRate = 0.01 } };
        using var trainer = Trainer.Create(options, data, backend);
        trainer.TrainEpoch(cancellationToken: TestContext.Current.CancellationToken);
        var step = options with { Schedule = new ScheduleOptions { Kind = ScheduleKind.Step, StepEpochs = [1], Factor = 0.1 } };
        using var resumed = Trainer.Resume(new MemoryStream(TrainingData.Bytes(trainer.WriteCheckpoint)), data, backend, step);
        Assert.All(TrainingData.TrainToEnd(resumed), result => Assert.Equal(0.001, result.LearningRate, 12));
    }

    [Fact]
    public void Resume_AfterThePruningAtTheEnd_TrainsOnWithoutThePrunedNeurons()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 20, 2) with { Pruning = new PruningOptions { FinalPercentile = 40 } };
        using var trainer = Trainer.Create(options, data, backend);
        var pruned = TrainingData.TrainToEnd(trainer)[^1];
        using var resumed = Trainer.Resume(new MemoryStream(TrainingData.Bytes(trainer.WriteCheckpoint)), data, backend, options with { Epochs = 5, Pruning = null });
        var last = TrainingData.TrainToEnd(resumed)[^1];
        Assert.Equal(pruned.Nnz, last.Nnz);
        Assert.Equal(pruned.Statistics.Layers[0].PrunedNeurons, last.Statistics.Layers[0].PrunedNeurons);
        Assert.True(pruned.Statistics.Layers[0].PrunedNeurons > 0);
    }

    [Fact]
    public void TrainEpoch_AtRest_ReportsTheSameSumsEveryEpoch()
    {
        using var data = TrainingData.Quadrants(files);
        var whole = AtRest(data, new OptimizerOptions { LearningRate = 1e-12 }).Results;
        Assert.All(whole, result => Assert.Equal(whole[0].GradientNorm, result.GradientNorm, 1e-4 * whole[0].GradientNorm));
        Assert.All(whole, result => Assert.Equal(whole[0].Loss, result.Loss, 1e-4));
        Assert.All(whole, result => Assert.Equal(whole[0].TrainAccuracy, result.TrainAccuracy));
    }

    [Fact]
    public void TrainEpoch_AdamWithSteadyGradients_MovesByTheRateInEveryStep()
    {
        // What the bias correction is for; a correction that began again with each epoch would move by 3.9 rates.
        using var data = TrainingData.Quadrants(files);
        var model = AtRest(data, new OptimizerOptions { Kind = OptimizerKind.Adam, LearningRate = 1e-5 }).Model;
        using var read = Safetensors.Read(new MemoryStream(model));
        var bias = read.Tensors["layers.1.bias"].ToArray<float>();
        Assert.All(bias, value => Assert.InRange(Math.Abs(value), 2.9e-5, 3.1e-5));
    }

    [Fact]
    public void EvolutionAndPruning_EveryOtherEpoch_HappenThenOnly()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 40, 30, 2) with
        {
            Epochs = 7,
            Evolution = new EvolutionOptions { EveryEpochs = 3 },
            Pruning = new PruningOptions { StartEpoch = 2, EveryEpochs = 2, Percentile = 15 },
        };
        using var trainer = Trainer.Create(options, data, backend);
        var results = TrainingData.TrainToEnd(trainer);
        Assert.Equal([3, 6], results.Where(result => result.Statistics.Layers.Any(layer => layer.Births > 0)).Select(result => result.Epoch));
        Assert.Equal(4, results.First(result => result.Statistics.Layers.Any(layer => layer.PrunedConnections > 0)).Epoch); // after the second
    }

    /// <summary>Three epochs of one step each, at a rate that changes next to nothing.</summary>
    private static (List<EpochResult> Results, byte[] Model) AtRest(SampleStore data, OptimizerOptions optimizer)
    {
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 8, 2) with { BatchSize = 400, Dropout = 0, Evolution = null, Optimizer = optimizer };
        using var trainer = Trainer.Create(options, data, backend);
        return (TrainingData.TrainToEnd(trainer), TrainingData.Bytes(trainer.WriteModel));
    }

    private static byte[] StoppedAt(long step, TrainingOptions options, SampleStore data, Backend backend)
    {
        using var trainer = Trainer.Create(options, data, backend);
        using var cancellation = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => trainer.TrainEpoch(
            done =>
            {
                if (done.Step == step)
                {
                    cancellation.Cancel();
                }
            },
            cancellation.Token));
        return TrainingData.Bytes(trainer.WriteCheckpoint);
    }

    /// <summary>One feature whose sign is the class, which alternates.</summary>
    private SampleStore Line(int rows, int testRows)
    {
        using (var writer = new SampleStoreWriter(files.Store, new SampleLayout(1, SampleElement.Float, Regression: false), new DatasetLimits()))
        {
            for (var row = 0; row < rows + testRows; row++)
            {
                if (row == rows)
                {
                    writer.BeginTestPart();
                }

                writer.Append([row % 2 == 0 ? -1f - row : 1f + row]);
                writer.AppendLabel(row % 2);
            }

            writer.Complete(["left", "right"], [0, 1]);
        }

        return SampleStore.Open(files.Store);
    }
}
