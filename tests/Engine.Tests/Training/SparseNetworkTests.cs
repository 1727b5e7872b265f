using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Sparse;
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

    private static SparseLayer Layer(int index, CsrMatrix weights, float[] bias, Activation activation) => new(
        index, new Connections(weights, [new DeviceBuffer<float>(new float[weights.Nnz])]), bias, [Enumerable.Repeat(7f, bias.Length).ToArray()], activation,
        new ExplorationSketch(), new bool[weights.Rows]);
}
