using SparseService.Engine.Elementwise;
using SparseService.Engine.Formats;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel;
using SparseService.Engine.Parallel.Averaged;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Parallel.Averaged;

public sealed class AveragedTrainingTests
{
    public static TheoryData<string> Transports => [.. RankGroup.Transports];

    public static TheoryData<string, ParallelMethod> TransportsAndMethods => new()
    {
        { "threads", ParallelMethod.Wasap },
        { "threads", ParallelMethod.Wassp },
        { "mpi", ParallelMethod.Wasap },
        { "mpi", ParallelMethod.Wassp },
    };

    [Theory, MemberData(nameof(TransportsAndMethods))]
    public void Train_OneWorkerOnWholeMinibatches_HasTheBitsOfSequentialTraining(string transport, ParallelMethod method)
    {
        using var folder = new TrainedRanks();
        var options = TrainedRanks.Options(method, workers: 1) with { Summation = Summation.Float };
        folder.Run(transport, new RankPlan { Options = options });

        using var data = folder.OpenData();
        using var backend = Backend.Create("simd", 1);
        using var trainer = Trainer.Create(options, data, backend);
        var expected = TrainingData.TrainToEnd(trainer);

        Assert.Equal(expected.Select(epoch => (epoch.Loss, epoch.TestLoss, epoch.TestAccuracy, epoch.Step, epoch.LearningRate, epoch.GradientNorm)),
            folder.Epochs.Select(epoch => (epoch.Loss, epoch.TestLoss, epoch.TestAccuracy, epoch.Step, epoch.LearningRate, epoch.GradientNorm)));
        Assert.Equal(Tensors(TrainingData.Bytes(trainer.WriteModel)), Tensors(folder.Model));
    }

    [Theory]
    [InlineData(ParallelMethod.Wasap, 0)]
    [InlineData(ParallelMethod.Wassp, 0)]
    [InlineData(ParallelMethod.Wasap, 1)]
    public void Train_RateThatDiverges_NamesTheStepOfSequentialTraining(ParallelMethod method, double localShare)
    {
        using var folder = new TrainedRanks();
        var options = TrainedRanks.Options(method, workers: 1, localShare) with
        {
            Summation = Summation.Float, Optimizer = new OptimizerOptions { LearningRate = 100, Momentum = 0.99 },
        };
        var told = Assert.Throws<RankFailedException>(() => folder.Run("threads", new RankPlan { Options = options }));

        using var data = folder.OpenData();
        using var backend = Backend.Create("simd", 1);
        using var trainer = Trainer.Create(options, data, backend);
        var expected = Assert.Throws<TrainingDivergedException>(() => TrainingData.TrainToEnd(trainer));
        var diverged = Assert.IsType<TrainingDivergedException>(told.InnerException);
        Assert.InRange(expected.Step, 2, 39);
        Assert.Equal((expected.Epoch, expected.Step), (diverged.Epoch, diverged.Step));
    }

    // 43 minibatches: rounds of three workers do not end where epochs end.
    [Theory]
    [InlineData(ParallelMethod.Wasap, 3)]
    [InlineData(ParallelMethod.Wasap, 2)]
    [InlineData(ParallelMethod.Wassp, 3)]
    public void Train_InLockStep_HasTheSameBitsEveryTimeAndOnBothTransports(ParallelMethod method, int workers)
    {
        using var one = new TrainedRanks(430);
        using var two = new TrainedRanks(430);
        using var three = new TrainedRanks(430);
        var plan = new RankPlan { Options = TrainedRanks.Options(method, workers) };
        one.Run("threads", plan);
        two.Run("threads", plan);
        three.Run("mpi", plan);

        Assert.Equal(one.Model, two.Model);
        Assert.Equal(one.Model, three.Model);
        Assert.Equal(one.Epochs.Select(epoch => (epoch.Loss, epoch.TestLoss)), three.Epochs.Select(epoch => (epoch.Loss, epoch.TestLoss)));
    }

    [Theory]
    [InlineData("threads", ParallelMethod.Wasap, 2, 400, false)]
    [InlineData("threads", ParallelMethod.Wasap, 5, 430, false)]
    [InlineData("threads", ParallelMethod.Wasap, 5, 430, true)]
    [InlineData("threads", ParallelMethod.Wassp, 3, 395, false)]
    [InlineData("threads", ParallelMethod.Wasap, 40, 409, false)] // one minibatch a worker
    [InlineData("mpi", ParallelMethod.Wasap, 3, 430, false)]
    [InlineData("mpi", ParallelMethod.Wassp, 3, 430, false)]
    public void Train_AnyWorkers_KeepsTheNumberOfConnectionsExactly(string transport, ParallelMethod method, int workers, int rows, bool lockStep)
    {
        using var folder = new TrainedRanks(rows);
        var options = TrainedRanks.Options(method, workers, lockStep: lockStep, epochs: 6);
        options = options with { Evolution = options.Evolution! with { IncludeOutputLayer = true } };
        folder.Run(transport, new RankPlan { Options = options });

        using var drawn = SparseNetwork.Create(options);
        Assert.Equal(6, folder.Epochs.Count);
        foreach (var epoch in folder.Epochs)
        {
            Assert.Equal(drawn.Layers.Select(layer => layer.Weights.Nnz), epoch.Statistics.Layers.Select(layer => layer.Nnz));
            Assert.Equal(workers, epoch.Ranks!.Count);
            Assert.True(double.IsFinite(epoch.Loss) && double.IsFinite(epoch.TestLoss));
        }
    }

    // A defect of the released code: each rank drew a model of its own, equal to rank 0's only by the luck of equal seeds.
    [Theory, MemberData(nameof(TransportsAndMethods))]
    public void Open_RanksThatWouldDrawOtherModels_AllHaveThatOfRank0(string transport, ParallelMethod method)
    {
        using var folder = new TrainedRanks();
        using var alone = new TrainedRanks();
        var plan = new RankPlan { Options = TrainedRanks.Options(method, workers: 3) };
        folder.Run(transport, plan with { OtherSeeds = true });
        alone.Run("threads", plan);

        Assert.All(Enumerable.Range(0, 3), rank => Assert.Equal(alone.Network(0, 0), folder.Network(rank, 0)));
        Assert.Equal(alone.Model, folder.Model);
    }

    // The other: in phase 2 workers went on taking rank 0's model, which overwrote what they had learnt, and rank 0 went on evolving a model that nobody trained.
    [Theory, MemberData(nameof(TransportsAndMethods))]
    public void Train_Phase2_EachWorkerLearnsForItselfAsIfAlone(string transport, ParallelMethod method)
    {
        const int Workers = 2;
        using var folder = new TrainedRanks();
        var options = TrainedRanks.Options(method, Workers, localShare: 1); // no phase 1: all begin with the model that is drawn
        folder.Run(transport, new RankPlan { Options = options });

        using var data = folder.OpenData();
        using var backend = Backend.Create("simd", 1);
        for (var rank = 0; rank < Workers; rank++)
        {
            var (state, trainRows, testRows) = TrainingStart.New(options, data, backend);
            using var network = state.Network;
            using var alone = new ShardWorker(state, data, backend, trainRows, testRows, rank, Workers);
            for (var epoch = 1; epoch < options.Epochs; epoch++)
            {
                for (var batch = 0; batch < alone.Batches; batch++)
                {
                    alone.Train(epoch, OptimizerStep.From(options.Optimizer, options.Optimizer.LearningRate, 1));
                }

                network.Evolve(options with { Seed = alone.Seed }, epoch, network.Layers.Select(_ => new LayerChanges()).ToArray());
                Assert.Equal(BitsOf(network), folder.Network(rank, epoch));
            }
        }

        Assert.NotEqual(folder.Network(0, 1), folder.Network(1, 1));
    }

    [Theory]
    [InlineData("threads", 3)]
    [InlineData("mpi", 2)]
    public void Train_WasapInLockStep_CountsHowOldUpdatesAre(string transport, int workers)
    {
        using var folder = new TrainedRanks(60 * workers); // 6·workers minibatches: whole rounds
        folder.Run(transport, new RankPlan { Options = TrainedRanks.Options(ParallelMethod.Wasap, workers, localShare: 0, epochs: 2) });

        foreach (var epoch in folder.Epochs)
        {
            // All compute on the same model; then worker 0 is applied, worker 1 on top of it, and so on.
            foreach (var rank in epoch.Ranks!)
            {
                Assert.Equal(Enumerable.Range(0, rank.Staleness!.Count).Select(age => age == rank.Rank ? 6L : 0), rank.Staleness);
                Assert.Equal(60, rank.Samples);
            }
        }
    }

    [Theory, MemberData(nameof(Transports))]
    public void Train_WasapFreely_LearnsAndCountsEveryUpdate(string transport)
    {
        using var folder = new TrainedRanks();
        var options = TrainedRanks.Options(ParallelMethod.Wasap, 2, localShare: 0.25, lockStep: false, epochs: 20);
        folder.Run(transport, new RankPlan { Options = options with { Dropout = 0 } });

        var together = folder.Epochs.Take(15).ToArray();
        Assert.All(together, epoch => Assert.Equal(40, epoch.Ranks!.Sum(rank => rank.Staleness!.Sum())));
        Assert.All(folder.Epochs, epoch => Assert.Equal(400, epoch.Ranks!.Sum(rank => rank.Samples)));
        Assert.All(folder.Epochs.SelectMany(epoch => epoch.Ranks!), rank => Assert.InRange(rank.WaitingSeconds, 0, rank.TrainSeconds));
        Assert.Equal(Enumerable.Range(1, 20).Select(epoch => 40L * epoch), folder.Epochs.Select(epoch => epoch.Step));
        Assert.True(folder.Epochs[^1].TestAccuracy > 0.8, $"accuracy {folder.Epochs[^1].TestAccuracy}");
    }

    [Theory]
    [InlineData(ParallelMethod.Wasap, "threads")]
    [InlineData(ParallelMethod.Wasap, "mpi")]
    [InlineData(ParallelMethod.Wassp, "mpi")]
    public void Train_ByMessages_SendsAsManyBytesAsForecast(ParallelMethod method, string transport)
    {
        using var folder = new TrainedRanks();
        var options = TrainedRanks.Options(method, 3, localShare: 0, epochs: 2) with { Network = TrainingData.Options(2, 200, 150, 2).Network };
        folder.Run(transport, new RankPlan { Options = options });
        var mpi = options with { Parallel = options.Parallel! with { Transport = ParallelTransport.Mpi } };

        var sent = folder.Epochs[1].Ranks!.Sum(rank => rank.BytesSent);

        Assert.Equal(1, sent / RunForecast.Of(mpi, trainRows: 400).Parallel!.BytesPerEpoch!.Value, 0.05);
    }

    [Fact]
    public void Train_OnThreads_SendsNextToNothing()
    {
        using var folder = new TrainedRanks();
        var options = TrainedRanks.Options(ParallelMethod.Wasap, 3, localShare: 0, lockStep: false, epochs: 2) with
        {
            Network = TrainingData.Options(2, 200, 150, 2).Network,
        };
        folder.Run("threads", new RankPlan { Options = options });

        Assert.All(folder.Epochs[1].Ranks!, rank => Assert.InRange(rank.BytesSent, 0, 4096));
    }

    [Theory]
    [InlineData(41, "$.training.parallel.workers", "41", "1 to 40")]
    [InlineData(2, "$.training.parallel.workers", "3", "2, the ranks")]
    public void Open_WorkersThatCannotBe_NamesWhatCan(int ranks, string field, string value, string allowed)
    {
        using var folder = new TrainedRanks();
        using var data = folder.OpenData();
        var options = TrainedRanks.Options(ParallelMethod.Wasap, ranks == 2 ? 3 : ranks);
        var failed = Assert.Throws<RankFailedException>(() => Engine.Parallel.Threads.ThreadGroup.Run(ranks, communicator =>
        {
            using var backend = Backend.Create("simd", 1);
            AveragedTraining.Open(communicator, options, data, backend, null, null).Dispose();
        }));

        var fault = Assert.IsType<InvalidSpecException>(failed.InnerException).Faults.Single();
        Assert.Equal((field, value), (fault.Path, fault.Value));
        Assert.StartsWith(allowed, fault.Allowed, StringComparison.Ordinal);
    }

    internal static byte[] BitsOf(SparseNetwork network)
    {
        using var stream = new MemoryStream();
        using var file = new BinaryWriter(stream);
        foreach (var layer in network.Layers)
        {
            for (var k = 0L; k < layer.Weights.Nnz; k++)
            {
                file.Write(layer.Weights.ColumnIndices[k]);
                file.Write(layer.Weights.Values[k]);
            }

            foreach (var bias in layer.Bias)
            {
                file.Write(bias);
            }
        }

        return stream.ToArray();
    }

    // Without the options, which name the workers.
    internal static Dictionary<string, string> Tensors(byte[] file)
    {
        using var read = Safetensors.Read(new MemoryStream(file));
        return read.Tensors.ToDictionary(
            tensor => tensor.Key,
            tensor => tensor.Value.Type switch
            {
                "F32" => Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(tensor.Value.ToArray<float>().AsSpan())),
                "F64" => Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(tensor.Value.ToArray<double>().AsSpan())),
                "I32" => Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(tensor.Value.ToArray<int>().AsSpan())),
                "I64" => Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(tensor.Value.ToArray<long>().AsSpan())),
                _ => Convert.ToHexString(tensor.Value.ToArray<byte>()),
            });
    }
}
