using SparseService.Engine.Data;
using SparseService.Engine.Gpu;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Ranks;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Training;
using static SparseService.Engine.Tests.Kernels.KernelData;

namespace SparseService.Engine.Tests.Gpu;

public sealed class DeviceTrainingTests : IDisposable
{
    private readonly StoreFiles files = new();

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData(OptimizerKind.Sgd, Summation.Float)]
    [InlineData(OptimizerKind.Adam, Summation.Float)]
    [InlineData(OptimizerKind.Sgd, Summation.FixedPoint)]
    public void Train_WithEvolutionAndPruning_FollowsTheProcessor(OptimizerKind optimizer, Summation summation)
    {
        DeviceSkip.Device();
        using var data = TrainingData.Quadrants(files);
        var options = Options(optimizer) with { Summation = summation };
        var (simd, _) = Train(Backend.Create("simd", 1), options, data);
        var (device, _) = Train(Backend.For(options with { Backend = BackendKind.Opencl }, null, 1), options, data);

        foreach (var (expected, actual) in simd.Zip(device))
        {
            Assert.Equal(expected.Loss, actual.Loss, 1e-3 * expected.Loss);
            Assert.Equal(expected.TestLoss, actual.TestLoss, 1e-3 * expected.TestLoss);
            Assert.Equal(expected.Nnz, actual.Nnz);
            Assert.Equal(expected.GradientNorm, actual.GradientNorm, 1e-2 * expected.GradientNorm);
            foreach (var (layer, other) in expected.Statistics.Layers.Zip(actual.Statistics.Layers))
            {
                Assert.Equal((layer.Births, layer.PrunedConnections, layer.DeadNeurons), (other.Births, other.PrunedConnections, other.DeadNeurons));
                Assert.Equal(layer.GradientNorm, other.GradientNorm, 1e-2 * layer.GradientNorm);
            }
        }
    }

    [Fact]
    public void Train_Again_HasTheSameBits()
    {
        var device = DeviceSkip.Device();
        using var data = TrainingData.Quadrants(files);
        var (_, model) = Train(new DeviceBackend(device), Options(OptimizerKind.Adam), data);
        Assert.Equal(model, Train(new DeviceBackend(device), Options(OptimizerKind.Adam), data).Model);

        // Also from a dataset that is too large to stay on the device.
        Assert.Equal(model, Train(new DeviceBackend(device) { MostStoreBytes = 0 }, Options(OptimizerKind.Adam), data).Model);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(13)] // of 6 steps an epoch
    public void Resume_StoppedAnywhere_EndsBitEqual(int stop)
    {
        using var backend = new DeviceBackend(DeviceSkip.Device());
        using var data = TrainingData.Quadrants(files, trainRows: 60);
        var options = Options(OptimizerKind.Adam);
        using var whole = Trainer.Create(options, data, backend);
        var expected = TrainingData.TrainToEnd(whole);

        using var interrupted = Trainer.Create(options, data, backend);
        using var cancellation = new CancellationTokenSource();
        var results = new List<EpochResult>();
        Assert.Throws<OperationCanceledException>(() =>
        {
            while (!interrupted.IsFinished)
            {
                results.Add(interrupted.TrainEpoch(step => CancelAt(step.Step), cancellation.Token));
            }
        });
        using var checkpoint = new MemoryStream(TrainingData.Bytes(interrupted.WriteCheckpoint));
        using var resumed = Trainer.Resume(checkpoint, data, backend);
        results.AddRange(TrainingData.TrainToEnd(resumed));

        Assert.Equal(TrainingData.Bytes(whole.WriteModel), TrainingData.Bytes(resumed.WriteModel));
        Assert.Equal(
            expected.Select(result => (result.Loss, result.TestLoss, result.GradientNorm)),
            results.Select(result => (result.Loss, result.TestLoss, result.GradientNorm)));

        void CancelAt(long step)
        {
            if (step == stop)
            {
                cancellation.Cancel();
            }
        }
    }

    [Theory]
    [InlineData(true, 33, 21)]
    [InlineData(false, 33, 21)]
    [InlineData(true, 5, 3)]
    [InlineData(false, 1, 1)]
    public void Gather_AnyShape_HasTheBitsOfTheProcessor(bool bytes, int features, int samples)
    {
        using var backend = new DeviceBackend(DeviceSkip.Device());
        using var data = Store(bytes ? SampleElement.Byte : SampleElement.Float, features);
        var (shift, scale) = (Vector(features, seed: 1), Vector(features, seed: 2));
        var rows = Enumerable.Range(0, samples).Select(sample => (sample * 7) % 40).ToArray();
        foreach (var batchSize in new[] { samples, samples + 6 })
        {
            using var expected = new DeviceBuffer<float>((long)features * batchSize);
            data.Gather(rows, shift, scale, expected.Span, batchSize, Backend.Create("simd", 1));
            using var actual = Buffer([.. Enumerable.Repeat(float.NaN, (features * batchSize) + 1)]);

            backend.Gather(data, rows, shift, scale, actual, batchSize);

            Assert.Equal(Bits(expected.Span), Bits(actual.Span[..^1]));
            Assert.True(float.IsNaN(actual.Span[^1]));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => backend.Gather(data, [40], shift, scale, Buffer(new float[features]), 1));
    }

    [Fact]
    public void Open_SeveralWorkers_AreRefused()
    {
        using var backend = new DeviceBackend(DeviceSkip.Device());
        using var data = TrainingData.Quadrants(files);
        var options = TrainingData.Options(2, 20, 2) with { Parallel = new ParallelTrainingOptions { Method = ParallelMethod.Wasap, Workers = 2 } };
        var setup = new TrainingSetup { Options = options, Data = data, DataPath = files.Store, Backend = backend };
        Assert.Equal("$.training.backend", Assert.Throws<InvalidSpecException>(() => Trainings.Open(setup)).Faults[0].Path);
        Assert.Contains(TrainingOptionsValidator.Validate(options with { Backend = BackendKind.Opencl }), fault => fault.Path == "$.training.backend");

        using var instead = Backend.For(options, "opencl", 1);
        Assert.Equal("simd", instead.Name);
    }

    private static TrainingOptions Options(OptimizerKind optimizer) => TrainingData.Options(2, 40, 30, 2) with
    {
        Epochs = 4,
        Optimizer = new OptimizerOptions { Kind = optimizer, LearningRate = 0.02 },
        Pruning = new PruningOptions { StartEpoch = 1, EveryEpochs = 2, Percentile = 10 },
    };

    private static (List<EpochResult> Results, byte[] Model) Train(Backend backend, TrainingOptions options, SampleStore data)
    {
        using (backend)
        {
            using var trainer = Trainer.Create(options, data, backend);
            return (TrainingData.TrainToEnd(trainer), TrainingData.Bytes(trainer.WriteModel));
        }
    }

    private SampleStore Store(SampleElement element, int features)
    {
        var random = RandomStream.For(3, RandomPurpose.GeneratedData);
        using (var writer = new SampleStoreWriter(files.Store, new SampleLayout(features, element, Regression: true), new DatasetLimits()))
        {
            for (var row = 0; row < 40; row++)
            {
                if (element == SampleElement.Byte)
                {
                    writer.Append([.. Enumerable.Range(0, features).Select(_ => (byte)(random.NextDouble() * 256))]);
                }
                else
                {
                    writer.Append([.. Enumerable.Range(0, features).Select(_ => (float)random.NextNormal())]);
                }

                writer.AppendTarget(row);
            }

            writer.Complete([], []);
        }

        return SampleStore.Open(files.Store);
    }
}
