using SparseService.Engine.Data;
using SparseService.Engine.Formats;
using SparseService.Engine.Inference;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private readonly StoreFiles files = new();

    public static TheoryData<string> Backends => new(Backend.Available);

    public void Dispose() => files.Dispose();

    public static TheoryData<string, double, ScheduleKind> TwinCases => new(
        from backend in Backend.Available
        from rules in new[] { (0.0, ScheduleKind.Constant), (0.4, ScheduleKind.Step) }
        select (backend, rules.Item1, rules.Item2));

    [Theory, MemberData(nameof(TwinCases))]
    public void TrainEpoch_NoEvolution_AgreesWithTheDenseTwinInDouble(string backendName, double dropout, ScheduleKind schedule)
    {
        using var data = TrainingData.Quadrants(files, trainRows: 203);
        var options = TrainingData.Options(2, 9, 7, 5, 2) with
        {
            Dropout = dropout, Schedule = new ScheduleOptions { Kind = schedule, StepEpochs = [1, 2], Factor = 0.5 },
            Evolution = null, BatchSize = 20, Optimizer = new OptimizerOptions { LearningRate = 0.05, Momentum = 0.9, WeightDecay = 0.001 },
        };
        using var backend = Backend.Create(backendName, 1);
        using var trainer = Trainer.Create(options, data, backend);
        var (trainRows, _) = DataSplit.Of(data, options.Data.TestShare, options.Seed);
        var twin = new DenseTwin(options, Tensors(trainer));
        TrainingData.TrainToEnd(trainer);
        for (var epoch = 1; epoch <= options.Epochs; epoch++)
        {
            twin.TrainEpoch(data, trainRows, Normalization.Of(data, trainRows, options.Data.Normalization), epoch);
        }

        var model = Tensors(trainer);
        for (var l = 0; l < 4; l++)
        {
            var expected = twin.Weights[l].Cast<double>().Where((_, cell) => twin.Mask[l].Cast<bool>().ElementAt(cell)).ToArray();
            AssertClose(expected, model[$"layers.{l}.values"].ToArray<float>());
            AssertClose(twin.Bias[l], model[$"layers.{l}.bias"].ToArray<float>());
        }
    }

    [Fact]
    public void Train_AnyThreadCount_SameBits()
    {
        using var data = TrainingData.Quadrants(files);
        var options = TrainingData.Options(2, 70, 60, 2);
        var one = TrainingData.Model(options, data, threads: 1);
        Assert.Equal(one, TrainingData.Model(options, data, threads: 2));
        Assert.Equal(one, TrainingData.Model(options, data, threads: 5));
        Assert.NotEqual(one, TrainingData.Model(options with { Seed = 2 }, data));
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.Adam)]
    public void Resume_StoppedAnywhere_EndsBitEqual(OptimizerKind optimizer)
    {
        using var data = TrainingData.Quadrants(files, trainRows: 60);
        var options = TrainingData.Options(2, 20, 10, 2) with
        {
            Epochs = 4,
            Optimizer = new OptimizerOptions { Kind = optimizer, LearningRate = 0.02 },
            Schedule = new ScheduleOptions { Kind = ScheduleKind.Cosine, WarmupEpochs = 1 },
            Pruning = new PruningOptions { StartEpoch = 1, EveryEpochs = 1, Percentile = 10 },
        };
        var (expectedModel, expectedResults) = TrainStoppingAt(options, data, stops: []);
        for (var stop = 1; stop < 24; stop += 2)
        {
            var (model, results) = TrainStoppingAt(options, data, stops: [stop, stop + 1]);
            Assert.Equal(expectedModel, model);
            Assert.Equal(expectedResults, results);
        }
    }

    [Fact]
    public void Evolution_EveryEpoch_KeepsTheNumberOfConnections()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        using var trainer = Trainer.Create(TrainingData.Options(2, 30, 20, 2) with { Epochs = 6 }, data, backend);
        var nnz = trainer.Nnz;
        var results = TrainingData.TrainToEnd(trainer);
        Assert.All(results, result => Assert.Equal(nnz, result.Nnz));
        Assert.All(results.SkipLast(1), result => Assert.All(result.Statistics.Layers.SkipLast(1), layer => Assert.True(layer.Births > 0 && layer.Births == layer.Deaths)));
        Assert.All(results, result => Assert.Equal(0, result.Statistics.Layers[^1].Births)); // the output layer stays as it is
        Assert.All(results[^1].Statistics.Layers, layer => Assert.Equal(0, layer.Births));    // none after the last epoch
        Assert.True(results[^1].Statistics.Layers[1].ExplorationRate > results[0].Statistics.Layers[1].ExplorationRate);
    }

    [Fact]
    public void Pruning_InTraining_RemovesWhatItReportsAndNothingGrowsBack()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 40, 30, 2) with { Epochs = 6, Pruning = new PruningOptions { StartEpoch = 1, EveryEpochs = 2, Percentile = 15 } };
        using var trainer = Trainer.Create(options, data, backend);
        var results = TrainingData.TrainToEnd(trainer);
        for (var i = 1; i < results.Count; i++)
        {
            Assert.Equal(results[i - 1].Nnz - results[i - 1].Statistics.Layers.Sum(layer => layer.PrunedConnections), results[i].Nnz);
            Assert.True(results[i - 1].Statistics.Layers.Any(layer => layer.PrunedConnections > 0) == (results[i - 1].Epoch is 2 or 4));
        }

        var removed = results[^1].Statistics.Layers[0].PrunedNeurons;
        Assert.InRange(removed, 6, 20); // those without inputs go first, at strength 0
        var offsets = Tensors(trainer)["layers.0.rowOffsets"].ToArray<long>();
        Assert.True(Enumerable.Range(0, 40).Count(row => offsets[row] == offsets[row + 1]) >= removed);
    }

    [Fact]
    public void Pruning_AfterTraining_IsInTheLastResultAndInTheModel()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 40, 30, 2) with { Pruning = new PruningOptions { FinalPercentile = 20 } };
        using var trainer = Trainer.Create(options, data, backend);
        var results = TrainingData.TrainToEnd(trainer);
        var pruned = results[^1].Statistics.Layers.Sum(layer => layer.PrunedConnections);
        Assert.True(pruned > 0);
        Assert.Equal(results[^2].Nnz - pruned, results[^1].Nnz);
        using var model = SparseModel.Load(new MemoryStream(TrainingData.Bytes(trainer.WriteModel)), backend);
        Assert.Equal(results[^1].Nnz, model.Nnz);
    }

    [Fact]
    public void Model_Predicting_HasTheReportedTestAccuracy()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        using var trainer = Trainer.Create(TrainingData.Options(2, 40, 30, 2) with { Epochs = 40, Dropout = 0 }, data, backend);
        var results = TrainingData.TrainToEnd(trainer);
        Assert.True(results[^1].TestAccuracy >= 0.9, $"XOR of signs learnt to {results[^1].TestAccuracy}");
        Assert.Equal(results.Max(result => result.TestAccuracy), trainer.BestTestAccuracy);

        using var model = SparseModel.Load(new MemoryStream(TrainingData.Bytes(trainer.WriteModel)), backend);
        var rows = new float[100 * 2];
        for (var row = 0; row < 100; row++)
        {
            data.ReadRow(400 + row, rows.AsSpan(row * 2, 2));
        }

        var probabilities = new float[100 * 2];
        model.Predict(rows, probabilities);
        var right = Enumerable.Range(0, 100).Count(row => (probabilities[(row * 2) + 1] > probabilities[row * 2] ? 1 : 0) == data.ClassOf(400 + row));
        Assert.Equal(results[^1].TestAccuracy, right / 100.0);
        Assert.Equal(["differ", "agree"], model.ClassNames);
        Assert.All(Enumerable.Range(0, 100), row => Assert.Equal(1f, probabilities[row * 2] + probabilities[(row * 2) + 1], 1e-5f));
        Assert.Throws<ArgumentException>(() => model.Predict(new float[3], new float[2]));
    }

    [Fact]
    public void BinaryCrossEntropy_OneOutput_Learns()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 40, 30, 1) with { Epochs = 40, Dropout = 0, Loss = LossKind.BinaryCrossEntropy };
        using var trainer = Trainer.Create(options, data, backend);
        Assert.True(TrainingData.TrainToEnd(trainer)[^1].TestAccuracy >= 0.9);
    }

    [Fact]
    public void SquaredError_Plane_IsLearntAndPredictedInOriginalUnits()
    {
        using var data = TrainingData.Plane(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(3, 30, 1) with { Epochs = 60, Dropout = 0, Loss = LossKind.SquaredError, Optimizer = new OptimizerOptions { LearningRate = 0.01 } };
        using var trainer = Trainer.Create(options, data, backend);
        var last = TrainingData.TrainToEnd(trainer)[^1];
        Assert.Null(last.TestAccuracy);
        Assert.True(last.TestLoss < 0.2, $"½·MSE {last.TestLoss}");
        using var model = SparseModel.Load(new MemoryStream(TrainingData.Bytes(trainer.WriteModel)), backend);
        var value = new float[1];
        model.Predict([0.5f, -0.5f, 0.1f], value);
        Assert.InRange(value[0], 3.0f, 4.0f); // 3·0.5 + 2·0.5 + 1 = 3.5
    }

    [Fact]
    public void TrainEpoch_RateFarTooHigh_StopsAsDiverged()
    {
        using var data = TrainingData.Plane(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(3, 30, 1) with { Loss = LossKind.SquaredError, Optimizer = new OptimizerOptions { LearningRate = 100 } };
        using var trainer = Trainer.Create(options, data, backend);
        var exception = Assert.Throws<TrainingDivergedException>(() => TrainingData.TrainToEnd(trainer));
        Assert.Contains("learningRate", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_OptionsThatDoNotFitTheData_NameEachFault()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        var exception = Assert.Throws<InvalidSpecException>(() => Trainer.Create(TrainingData.Options(3, 10, 4) with { BatchSize = 500 }, data, backend));
        Assert.Equal(
            ["$.training.network.layers[0]", "$.training.network.layers[2]", "$.training.batchSize"], exception.Faults.Select(fault => fault.Path));
    }

    [Fact]
    public void Resume_WithMoreEpochs_GoesOn()
    {
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 20, 2);
        using var trainer = Trainer.Create(options, data, backend);
        TrainingData.TrainToEnd(trainer);
        var checkpoint = TrainingData.Bytes(trainer.WriteCheckpoint);
        using var longer = Trainer.Resume(new MemoryStream(checkpoint), data, backend, options with { Epochs = 5 });
        Assert.Equal([4, 5], TrainingData.TrainToEnd(longer).Select(result => result.Epoch));
        Assert.Throws<InvalidSpecException>(() => Trainer.Resume(new MemoryStream(checkpoint), data, backend, TrainingData.Options(2, 21, 2)));
    }

    [Fact]
    public void Resume_OtherData_IsRefused()
    {
        using var backend = Backend.Create();
        using var others = new StoreFiles();
        using var data = TrainingData.Quadrants(files);
        using var other = TrainingData.Quadrants(others, trainRows: 399);
        using var trainer = Trainer.Create(TrainingData.Options(2, 20, 2), data, backend);
        var checkpoint = TrainingData.Bytes(trainer.WriteCheckpoint);
        Assert.Throws<InvalidDataException>(() => Trainer.Resume(new MemoryStream(checkpoint), other, backend));
    }

    [Fact]
    public void TrainEpoch_EveryStep_AllocatesNothing()
    {
        using var data = TrainingData.Quadrants(files);
        using var single = Backend.Create("simd", 1);
        using var trainer = Trainer.Create(TrainingData.Options(2, 30, 20, 2), data, single);
        trainer.TrainEpoch(cancellationToken: TestContext.Current.CancellationToken);

        var steps = new List<long>(100);
        var before = 0L;
        trainer.TrainEpoch(
            _ =>
            {
                steps.Add(GC.GetAllocatedBytesForCurrentThread() - before);
                before = GC.GetAllocatedBytesForCurrentThread();
            },
            TestContext.Current.CancellationToken);

        // The runtime may load a type late and charge this thread for it, once.
        Assert.Equal(40, steps.Count);
        Assert.True(steps.Count(bytes => bytes > 0) <= 2, $"bytes of each step: {string.Join(' ', steps)}");
    }

    private static IReadOnlyDictionary<string, Tensor> Tensors(Trainer trainer) =>
        Safetensors.Read(new MemoryStream(TrainingData.Bytes(trainer.WriteModel))).Tensors;

    private static void AssertClose(double[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var error = expected.Zip(actual, (e, a) => (e - a) * (e - a)).Sum() / Math.Max(1e-12, expected.Sum(e => e * e));
        Assert.True(error <= 1e-9, $"normalised squared error {error}");
    }

    // Stops after the given updates, writes a checkpoint, throws the trainer away and resumes from the bytes.
    private static (byte[] Model, string Results) TrainStoppingAt(TrainingOptions options, SampleStore data, long[] stops)
    {
        using var backend = Backend.Create("simd", 1);
        var trainer = Trainer.Create(options, data, backend);
        var results = new List<string>();
        while (!trainer.IsFinished)
        {
            using var cancellation = new CancellationTokenSource();
            try
            {
                var result = trainer.TrainEpoch(
                    step =>
                    {
                        if (stops.Contains(step.Step))
                        {
                            cancellation.Cancel();
                        }
                    },
                    cancellation.Token);
                results.Add($"{result.Epoch} {result.Step} {result.Loss:R} {result.TestLoss:R} {result.TrainAccuracy:R} {result.GradientNorm:R} {result.Nnz}");
            }
            catch (OperationCanceledException)
            {
                var checkpoint = TrainingData.Bytes(trainer.WriteCheckpoint);
                trainer.Dispose();
                trainer = Trainer.Resume(new MemoryStream(checkpoint), data, backend);
            }
        }

        var model = TrainingData.Bytes(trainer.WriteModel);
        trainer.Dispose();
        return (model, string.Join('\n', results));
    }
}
