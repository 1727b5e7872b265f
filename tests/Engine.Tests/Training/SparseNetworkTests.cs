using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
using SparseService.Engine.Tests.Topology;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

public sealed class SparseNetworkTests
{
    [Fact]
    public void Prune_HandWorked_MovesWhatTheNeuronStillEmitsIntoTheNextBias()
    {
        // Neuron 1 has the least strength; with its input gone it would emit f(−2) = −1 for ever.
        var hidden = Layer(0, new CsrMatrix(2, 1, [0, 1, 2], [0, 0], [5, 0.001f]), [1, -2], new Activation(ActivationKind.LeakyRelu, 0.5f));
        var output = Layer(1, new CsrMatrix(1, 2, [0, 2], [0, 1], [1, 3]), [0.5f], Activation.Linear);
        LayerChanges[] changes = [new(), new()];

        new SparseNetwork([hidden, output]).Prune(10, changes);

        Assert.Equal([5f], hidden.Weights.Values.ToArray());
        Assert.Equal([1f], output.Weights.Values.ToArray());
        Assert.Equal([0.5f + (3 * -1)], output.Bias);
        Assert.Equal([1f, 0], hidden.Bias);
        Assert.Equal([7f, 0], hidden.BiasState[0]);
        Assert.Equal([false, true], hidden.Removed);
        Assert.Equal([1L, 1L], changes.Select(change => change.PrunedConnections));
    }

    [Theory]
    [InlineData(NewWeights.Zero)]
    [InlineData(NewWeights.Initial)]
    public void Evolve_NewConnections_StartFromWhatTheOptionsSay(NewWeights newWeights)
    {
        var options = new TrainingOptions
        {
            Network = new NetworkOptions { Layers = [60, 50, 3], Weights = WeightDistribution.SparseHeUniform },
            Evolution = new EvolutionOptions { NewWeights = newWeights },
        };
        var network = SparseNetwork.Create(options);
        LayerChanges[] changes = [new(), new()];

        network.Evolve(options, epoch: 1, changes);

        var weights = network.Layers[0].Weights;
        var zeros = 0;
        for (var k = 0; k < weights.Nnz; k++)
        {
            zeros += weights.Values[k] == 0 ? 1 : 0;
        }

        Assert.True(changes[0].Births > 0);
        Assert.Equal(newWeights == NewWeights.Zero ? changes[0].Births : 0, zeros);
    }

    [Fact]
    public void Evolve_RunBefore_AllocatesNextToNothing()
    {
        using var network = SparseNetwork.Create(SomeOptions);
        LayerChanges[] changes = [new(), new(), new()];
        var positions = network.Layers.Select(layer => layer.Transpose.Positions).ToArray();
        network.Evolve(SomeOptions, 1, changes);
        var memory = Memory();

        // The least of several: the runtime may load a type late and charge this thread for it, once.
        var least = long.MaxValue;
        for (var epoch = 2; epoch < 6; epoch++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            network.Evolve(SomeOptions, epoch, changes);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        // A list of priorities as long as a few times the root of the connections that grow, and some hundred bytes a layer.
        Assert.InRange(least, 0, 4096 + network.Layers.Sum(layer => (long)(1.1 * sizeof(ulong) * ((12 * Math.Sqrt(0.3 * layer.Weights.Nnz)) + 32))));
        Assert.True(changes[0].Births > 1000);
        Assert.Equal(memory, Memory());
        Assert.All(network.Layers.Zip(positions), pair => Assert.True(pair.First.Transpose.IsOf(pair.First.Weights) && pair.First.Transpose.Positions == pair.Second));

        unsafe nint[] Memory() =>
            [.. network.Layers.SelectMany(layer => new[] { (nint)layer.Weights.Values.Pointer, (nint)layer.Connections.State[0].Pointer })];
    }

    [Fact]
    public void CreateEvolvePrune_AnyThreadCount_SameBits()
    {
        var alone = Changed(1);
        Assert.Equal(alone, Changed(2));
        Assert.Equal(alone, Changed(4));

        static string Changed(int threads)
        {
            using var network = SparseNetwork.Create(SomeOptions, threads);
            LayerChanges[] changes = [new(), new(), new()];
            network.Evolve(SomeOptions, 1, changes, threads);
            network.Prune(20, changes, threads);
            network.Evolve(SomeOptions, 2, changes, threads);
            return string.Join(' ', network.Layers.SelectMany(layer => SetEvolutionTests.Cells(layer.Connections)))
                + string.Join(' ', changes.Select(change => (change.Births, change.PrunedConnections)));
        }
    }

    private static TrainingOptions SomeOptions => TrainingData.Options(100, 300, 200, 10);

    private static SparseLayer Layer(int index, CsrMatrix weights, float[] bias, Activation activation) => new(
        index, new Connections(weights, [new DeviceBuffer<float>(new float[weights.Nnz])]), bias, [Enumerable.Repeat(7f, bias.Length).ToArray()], activation,
        new ExplorationSketch(), new bool[weights.Rows]);
}
