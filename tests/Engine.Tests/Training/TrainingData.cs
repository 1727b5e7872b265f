using SparseService.Engine.Data;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

/// <summary>Small stores and options that training tests share.</summary>
internal static class TrainingData
{
    /// <summary>Two features on a grid of four quadrants: class = whether the signs differ, which no linear model can tell.</summary>
    public static SampleStore Quadrants(StoreFiles files, int trainRows = 400, int testRows = 100)
    {
        var random = RandomStream.For(7, RandomPurpose.GeneratedData);
        using (var writer = new SampleStoreWriter(files.Store, new SampleLayout(2, SampleElement.Float, Regression: false), new DatasetLimits()))
        {
            for (var row = 0; row < trainRows + testRows; row++)
            {
                if (row == trainRows)
                {
                    writer.BeginTestPart();
                }

                var (x, y) = ((float)random.NextDouble(-1, 1), (float)random.NextDouble(-1, 1));
                writer.Append([x, y]);
                writer.AppendLabel(x * y > 0 ? 1 : 0);
            }

            writer.Complete(["differ", "agree"], [0, 1]);
        }

        return SampleStore.Open(files.Store);
    }

    /// <summary>Regression: target = scale·(3·x0 − 2·x1 + 1) of three features.</summary>
    public static SampleStore Plane(StoreFiles files, int rows = 300, float scale = 1)
    {
        var random = RandomStream.For(8, RandomPurpose.GeneratedData);
        using (var writer = new SampleStoreWriter(files.Store, new SampleLayout(3, SampleElement.Float, Regression: true), new DatasetLimits()))
        {
            for (var row = 0; row < rows; row++)
            {
                var (x, y, z) = ((float)random.NextNormal(), (float)random.NextNormal(), (float)random.NextNormal());
                writer.Append([x, y, z]);
                writer.AppendTarget(scale * ((3 * x) - (2 * y) + 1));
            }

            writer.Complete([], []);
        }

        return SampleStore.Open(files.Store);
    }

    public static TrainingOptions Options(params int[] layers) => new()
    {
        Epochs = 3,
        BatchSize = 10,
        Network = new NetworkOptions
        {
            Layers = layers,
            Topology = new TopologyOptions { Kind = TopologyKind.Uniform, Density = 0.5 },
            Activation = new ActivationOptions { Kind = ActivationKind.AllRelu, Slope = 0.3 },
        },
        Optimizer = new OptimizerOptions { LearningRate = 0.05 },
        Dropout = 0.2,
    };

    public static List<EpochResult> TrainToEnd(Trainer trainer)
    {
        var results = new List<EpochResult>();
        while (!trainer.IsFinished)
        {
            results.Add(trainer.TrainEpoch(cancellationToken: TestContext.Current.CancellationToken));
        }

        return results;
    }

    public static byte[] Model(TrainingOptions options, SampleStore data, string backendName = "simd", int threads = 1)
    {
        using var backend = Backend.Create(backendName, threads);
        using var trainer = Trainer.Create(options, data, backend);
        TrainToEnd(trainer);
        return Bytes(trainer.WriteModel);
    }

    public static byte[] Bytes(Action<Stream> write)
    {
        using var stream = new MemoryStream();
        write(stream);
        return stream.ToArray();
    }
}
