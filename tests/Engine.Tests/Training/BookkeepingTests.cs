using SparseService.Engine.Data;
using SparseService.Engine.Elementwise;
using SparseService.Engine.Inference;
using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Tests.Topology;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

/// <summary>What an epoch reports, held against what it means.</summary>
public sealed class BookkeepingTests : IDisposable
{
    private readonly StoreFiles files = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public void GradientNorm_EqualGradientsInEveryStep_DoesNotDependOnTheNumberOfSteps()
    {
        using (var writer = new SampleStoreWriter(files.Store, new SampleLayout(2, SampleElement.Float, Regression: false), new DatasetLimits()))
        {
            for (var row = 0; row < 48; row++)
            {
                if (row == 40)
                {
                    writer.BeginTestPart();
                }

                writer.Append([1f, -2f]);
                writer.AppendLabel(row < 40 ? 0 : 1); // all training rows alike
            }

            writer.Complete(["a", "b"], [0, 1]);
        }

        using var data = SampleStore.Open(files.Store);

        // Full layers: a neuron without inputs sits on the kink of its activation, where the first step decides its slope.
        var network = TrainingData.Options(2, 10, 2).Network with { Topology = new TopologyOptions { Kind = TopologyKind.Uniform, Density = 1 } };
        var options = TrainingData.Options(2, 10, 2) with
        {
            Network = network, Epochs = 1, Dropout = 0, Optimizer = new OptimizerOptions { LearningRate = 1e-9 }, Data = new DataOptions { Normalization = NormalizationKind.None },
        };
        var (four, one) = (Epoch(options with { BatchSize = 10 }, data), Epoch(options with { BatchSize = 40 }, data));
        Assert.Equal(one.GradientNorm, four.GradientNorm, 1e-4);
        Assert.Equal(one.Statistics.Layers[0].GradientNorm, four.Statistics.Layers[0].GradientNorm, 1e-4);
        Assert.True(one.GradientNorm > 0.1);
    }

    [Fact]
    public void TestLoss_PartOfABatchLeftOver_IsTheMeanOverAllTestRows()
    {
        using var data = TrainingData.Quadrants(files, trainRows: 100, testRows: 301); // more than one batch of 256, and a rest
        using var backend = Backend.Create();
        using var trainer = Trainer.Create(TrainingData.Options(2, 20, 2) with { Epochs = 1 }, data, backend);
        var result = trainer.TrainEpoch(cancellationToken: TestContext.Current.CancellationToken);

        using var model = SparseModel.Load(new MemoryStream(TrainingData.Bytes(trainer.WriteModel)), backend);
        var (row, probabilities, loss) = (new float[2], new float[2], 0.0);
        for (var test = 100; test < 401; test++)
        {
            data.ReadRow(test, row);
            model.Predict(row, probabilities);
            loss -= Math.Log(probabilities[data.ClassOf(test)]) / 301;
        }

        Assert.Equal(loss, result.TestLoss, 1e-5);
    }

    [Fact]
    public void Evolve_EqualLayers_ChangeEachInItsOwnWayAndInEveryEpochAnew()
    {
        var options = TrainingData.Options(20, 20, 20, 20);
        int[] Grown(int layer, int epoch)
        {
            var network = new SparseNetwork(Enumerable.Range(0, 3).Select(index => new SparseLayer(
                index, SetEvolutionTests.Layer(20, 20, 0.3, seed: 1), new float[20], [new float[20]], Activation.Linear, new ExplorationSketch(), new bool[20])).ToArray());
            network.Evolve(options, epoch, [new LayerChanges(), new LayerChanges(), new LayerChanges()]);
            return network.Layers[layer].Weights.ColumnIndices.ToArray();
        }

        Assert.Equal(Grown(0, 1), Grown(0, 1));
        Assert.NotEqual(Grown(0, 1), Grown(1, 1));
        Assert.NotEqual(Grown(0, 1), Grown(0, 2));
    }

    [Fact]
    public void Test_NeuronThatFellSilent_IsNoLongerCountedAsActive()
    {
        using var data = TrainingData.Quadrants(files, trainRows: 20, testRows: 20);
        using var backend = Backend.Create();
        var state = Relu(data, shift: 0);
        using var workspace = new Workspace(state.Options.Network.Layers, state.Options.BatchSize);
        using var evaluator = new Evaluator(state, data, backend, workspace, Enumerable.Range(20, 20).ToArray());

        Array.Fill(state.Network.Layers[0].Bias, 100);
        evaluator.Test();
        Assert.All(evaluator.EverActive[0], Assert.True);

        Array.Fill(state.Network.Layers[0].Bias, -100);
        evaluator.Test();
        Assert.All(evaluator.EverActive[0], Assert.False);
    }

    [Fact]
    public void Test_NeuronThatOnlyPaddingExcites_IsNotCountedAsActive()
    {
        using var data = TrainingData.Quadrants(files, trainRows: 20, testRows: 21); // in 32 lanes
        using var backend = Backend.Create();
        var state = Relu(data, shift: 10); // samples are about −10, padding is 0
        state.Network.Layers[0].Weights.Values.Span.Fill(1);
        Array.Fill(state.Network.Layers[0].Bias, 1);
        using var workspace = new Workspace(state.Options.Network.Layers, state.Options.BatchSize);
        using var evaluator = new Evaluator(state, data, backend, workspace, Enumerable.Range(20, 21).ToArray());

        evaluator.Test();

        Assert.All(evaluator.EverActive[0], Assert.False);
    }

    private static TrainerState Relu(SampleStore data, float shift)
    {
        var options = TrainingData.Options(2, 6, 2) with
        {
            Network = TrainingData.Options(2, 6, 2).Network with
            {
                Activation = new ActivationOptions { Kind = ActivationKind.Relu },
                Topology = new TopologyOptions { Kind = TopologyKind.Uniform, Density = 1 },
            },
        };
        return new TrainerState
        {
            Options = options,
            Network = SparseNetwork.Create(options),
            Description = new ModelDescription(data.ContentHash, data.ClassNames, [], null, [shift, shift], [1f, 1f]),
            Sums = new EpochSums(2),
            Scales = SumScales.Of(options),
        };
    }

    private static EpochResult Epoch(TrainingOptions options, SampleStore data)
    {
        using var backend = Backend.Create();
        using var trainer = Trainer.Create(options, data, backend);
        return trainer.TrainEpoch(cancellationToken: TestContext.Current.CancellationToken);
    }
}
