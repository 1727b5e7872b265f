using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Parallel.Averaged;
using SparseService.Engine.Sparse;
using SparseService.Engine.Tests.Training;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Parallel.Averaged;

public class AverageTests
{
    [Fact]
    public void Average_TwoWorkersByHand_IsOverTheUnionCutBackToTheBudget()
    {
        // Inputs 4, outputs 2.
        using var one = Network([0, 2, 4], [0, 1, 0, 2], [2f, -4f, 0.5f, -1f], [1f, 2f]);
        using var two = Network([0, 2, 4], [1, 3, 0, 3], [-2f, 6f, 0.5f, 3f], [3f, -2f]);
        using var average = new UnionAverage(one);
        average.Add(two);

        // Union: (0,0) 1, (0,1) −3, (0,3) 3; (1,0) 0.5, (1,2) −0.5, (1,3) 1.5. S' = 6, S = 4, ζ' = 1/3: of two negatives ⌊2/3⌋ = 0 go, so
        // that of four positives two must: 0.5 and 1.
        using var result = average.Result(TrainingData.Options(4, 2), [4]);

        var weights = result.Layers[0].Weights;
        Assert.Equal([0, 2, 4], weights.RowOffsets.ToArray());
        Assert.Equal([1, 3, 2, 3], weights.ColumnIndices.ToArray());
        Assert.Equal([-3f, 3f, -0.5f, 1.5f], weights.Values.ToArray());
        Assert.Equal([2f, 0f], result.Layers[0].Bias);
        Assert.All(result.Layers[0].Connections.State[0].ToArray(), velocity => Assert.Equal(0, velocity));
    }

    [Fact]
    public void Average_OfOne_IsTheSameBits()
    {
        using var one = SparseNetwork.Create(TrainingData.Options(9, 30, 4));
        using var average = new UnionAverage(one);
        using var result = average.Result(TrainingData.Options(9, 30, 4), one.Layers.Select(layer => layer.Weights.Nnz).ToArray());

        Assert.Equal(AveragedTrainingTests.BitsOf(one), AveragedTrainingTests.BitsOf(result));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(17)]
    public void Average_AnyWorkersAndSizes_HasExactlyTheBudget(int workers)
    {
        foreach (var layers in new[] { new[] { 3, 2 }, [13, 21, 4], [50, 7, 30, 2] })
        {
            var options = TrainingData.Options(layers);
            using var first = SparseNetwork.Create(options);
            var budget = first.Layers.Select(layer => layer.Weights.Nnz).ToArray();
            using var average = new UnionAverage(first);
            for (var worker = 1; worker < workers; worker++)
            {
                using var other = SparseNetwork.Create(options with { Seed = (ulong)worker + 1 });
                average.Add(other);
            }

            using var result = average.Result(options, budget);

            // Another worker may by chance have drawn fewer: then the union has at least the first one's.
            Assert.Equal(budget, result.Layers.Select(layer => layer.Weights.Nnz));
            Assert.All(result.Layers, layer => layer.Weights.Check());
        }
    }

    [Theory]
    [InlineData(7, 0)]
    [InlineData(7, 3)]
    [InlineData(7, 7)]
    [InlineData(1000, 1)]
    [InlineData(1000, 999)]
    [InlineData(1000, 437)]
    public unsafe void Keeping_AnyNumber_LeavesExactlySoMany(int count, int kept)
    {
        foreach (var negatives in new[] { 0, 0.1, 0.5, 1 })
        {
            var random = RandomStream.For(3, RandomPurpose.GeneratedData);
            var values = Enumerable.Range(0, count)
                .Select(_ => (float)(Math.Round(random.NextDouble() * 20) * (random.NextDouble() < negatives ? -1 : 1))).ToArray(); // many equals
            using var buffer = new DeviceBuffer<float>(values);
            var cut = MagnitudeCut.Keeping(buffer.Pointer, count, kept);

            Assert.Equal(kept, values.Count(value => cut.Keeps(0, 0, value)));
        }
    }

    [Fact]
    public void MoveTo_NewPattern_DropsTheGradientOfAPrunedConnectionAndLeavesNewOnesAtZero()
    {
        using var network = Network([0, 2, 4], [0, 2, 1, 3], [1f, 2f, 3f, 4f], [0f, 0f]);
        using var gradient = new NetworkGradient(network) { IsHeld = true };
        new[] { 0.1f, 0.2f, 0.3f, 0.4f }.CopyTo(gradient.Weights[0].Span);
        new[] { 5f, 6f }.CopyTo(gradient.Biases[0].Span);
        using var before = NetworkPattern.Of(network);

        // (0,2) and (1,1) are pruned; (0,1) and (1,0) grow.
        using var evolved = Network([0, 2, 4], [0, 1, 0, 3], [1f, 9f, 9f, 4f], [0f, 0f]);
        gradient.MoveTo(evolved, before);

        Assert.Equal([0.1f, 0f, 0f, 0.4f], gradient.Weights[0].ToArray());
        Assert.Equal([5f, 6f], gradient.Biases[0].ToArray()); // always applied
    }

    // eta0 = 0.01, K = 5, warm-up 5: 0.01·(1 + 4·e/5).
    [Theory]
    [InlineData(1, 0.01, 1)]
    [InlineData(2, 0.018, 1.8)]
    [InlineData(3, 0.026, 26.0 / 18)]
    [InlineData(4, 0.034, 34.0 / 26)]
    [InlineData(6, 0.05, 50.0 / 42)]
    [InlineData(7, 0.05, 1)]
    [InlineData(30, 0.05, 1)]
    public void Rate_FiveWorkersInStep_GrowsAndCorrectsTheMomentum(int epoch, double rate, double correction)
    {
        var options = Five(ParallelMethod.Wassp);

        Assert.Equal(rate, WorkerRate.At(options, epoch, isLocal: false), 1e-12);
        Assert.Equal(correction, WorkerRate.Correction(options, epoch, isLocal: false), 1e-12);
        Assert.Equal(0.01, WorkerRate.At(options, epoch, isLocal: true), 1e-12);
        Assert.Equal(0.01, WorkerRate.At(Five(ParallelMethod.Wasap), epoch, isLocal: false), 1e-12);
        Assert.Equal(1, WorkerRate.Correction(Five(ParallelMethod.Wasap), epoch, isLocal: false));
    }

    // V ← μ·(eta_new/eta_old)·V − eta·g; W ← W + V, with μ 0.9, V 2, eta 0.01 → 0.018, g 10, W 1.
    [Fact]
    public unsafe void ScaleVelocity_ThenUpdate_IsTheCorrectedStep()
    {
        using var network = Network([0, 1, 1], [0], [1f], [0f, 0f]);
        using var gradient = new NetworkGradient(network);
        using var backend = Backend.Create("reference", 1);
        network.Layers[0].Connections.State[0][0] = 2;
        gradient.Weights[0][0] = 10;
        var layout = gradient.Layout;

        ModelUpdate.ScaleVelocity(network, layout, 0, layout.Length, 1.8);
        var step = OptimizerStep.From(new OptimizerOptions { LearningRate = 0.018 }, 0.018, 1);
        ModelUpdate.Apply(backend, network, layout, gradient.Pointer, 0, layout.Length, step);

        Assert.Equal((0.9 * 1.8 * 2) - 0.18, network.Layers[0].Connections.State[0][0], 1e-6);
        Assert.Equal(1 + (0.9 * 1.8 * 2) - 0.18, network.Layers[0].Weights.Values[0], 1e-6);
    }

    private static TrainingOptions Five(ParallelMethod method) => TrainingData.Options(4, 2) with
    {
        Optimizer = new OptimizerOptions { LearningRate = 0.01 },
        Parallel = new ParallelTrainingOptions { Method = method, Workers = 5 },
    };

    // One layer with as many inputs as the largest column needs, at least 4.
    private static SparseNetwork Network(long[] offsets, int[] columns, float[] values, float[] bias)
    {
        var weights = new CsrMatrix(2, 4, offsets, columns, values);
        var state = new DeviceBuffer<float>(values.Length);
        state.Clear();
        return new SparseNetwork(
        [
            new SparseLayer(0, new Connections(weights, [state]), bias, [new float[2]], Activation.Linear, new ExplorationSketch(), new bool[2]),
        ]);
    }
}
