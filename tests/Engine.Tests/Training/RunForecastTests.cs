using SparseService.Engine.Kernels;
using SparseService.Engine.Tests.Data;
using SparseService.Engine.Training;

namespace SparseService.Engine.Tests.Training;

public sealed class RunForecastTests
{
    [Fact]
    public void Of_SmallNetwork_IsWhatTheTrainerStartsFrom()
    {
        using var files = new StoreFiles();
        using var data = TrainingData.Quadrants(files);
        using var backend = Backend.Create();
        var options = TrainingData.Options(2, 50, 40, 2) with { Network = TrainingData.Options(2, 50, 40, 2).Network with { Topology = new TopologyOptions { Epsilon = 3 } } };
        using var trainer = Trainer.Create(options, data, backend);
        var forecast = RunForecast.Of(options, trainRows: 400);
        Assert.Equal(trainer.Nnz, forecast.Nnz);
        Assert.Equal(trainer.DenseParameters, forecast.DenseParameters);
        Assert.All(forecast.Layers, layer => Assert.True(layer.Exact));
        Assert.All(forecast.Layers, layer => Assert.Equal(layer.Outputs, layer.FanInHistogram.Sum(bin => bin.Neurons)));
        Assert.All(forecast.Layers, layer => Assert.Equal(layer.Inputs, layer.FanOutHistogram.Sum(bin => bin.Neurons)));

        // The file holds the model's arrays and a header of a few kilobytes.
        Assert.InRange(TrainingData.Bytes(trainer.WriteModel).Length - forecast.ModelBytes, 0, 8192);
        Assert.Equal(400 * ((4.0 * forecast.Layers[0].Nnz) + (6.0 * (forecast.Layers[1].Nnz + forecast.Layers[2].Nnz))), forecast.FlopsPerEpoch);
    }

    [Fact]
    public void Of_BrainSizedNetwork_TakesTheExpectationAtOnce()
    {
        var layers = new[] { 65_536, 5_000_000, 5_000_000, 2 };
        var options = TrainingData.Options(layers) with { Network = new NetworkOptions { Layers = layers, Topology = new TopologyOptions { Epsilon = 2 } } };
        var before = GC.GetAllocatedBytesForCurrentThread();
        var forecast = RunForecast.Of(options);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.All(forecast.Layers, layer => Assert.False(layer.Exact));
        Assert.Equal((2 * 5_065_536L) + (2 * 10_000_000L) + 10_000_000L, forecast.Nnz, 2.0); // the last layer is full
        Assert.Null(forecast.SecondsPerEpoch);
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.Adam)]
    public void TrainingBytes_AnyOptimizer_AreThoseAllocated(OptimizerKind optimizer)
    {
        var options = TrainingData.Options(60, 500, 400, 7) with { Optimizer = new OptimizerOptions { Kind = optimizer } };
        using var network = SparseNetwork.Create(options);
        using var workspace = new Workspace(options.Network.Layers, options.BatchSize);
        var bytes = (60L * 8) + 500 + 400; // normalisation; whether each hidden neuron was ever active
        foreach (var layer in network.Layers)
        {
            var weights = layer.Weights;
            bytes += (weights.RowOffsets.Capacity * 8) + (weights.ColumnIndices.Capacity * 4) + (weights.Values.Capacity * 4)
                + layer.Connections.State.Sum(slot => slot.Capacity * 4)
                + (layer.Bias.Length * 4) + layer.BiasState.Sum(slot => slot.Length * 4) + layer.Removed.Length + layer.Explored.State.Length;
            bytes += layer.Index == 0 ? 0 : (layer.Transpose.ColumnOffsets.Capacity * 8) + (layer.Transpose.RowIndices.Capacity * 4) + (layer.Transpose.Positions.Capacity * 4);
        }

        var deep = network.Layers.Skip(1).Select(layer => layer.Transpose.Groups).ToArray();
        bytes += deep.Sum(groups => (groups.Offsets.Capacity * 8) + ((groups.Rows.Capacity + groups.Positions.Capacity + groups.Places.Capacity) * 4));
        bytes += deep.Max(groups => groups.Rows.Capacity * 4); // the gradient in their order
        bytes += workspace.Activations.Concat(workspace.Slopes).Append(workspace.Delta).Append(workspace.NextDelta).Sum(buffer => buffer.Capacity * 4);
        Assert.Equal(bytes, RunForecast.Of(options).TrainingBytes, 200.0); // an offset more per layer
    }

    [Fact]
    public void Of_WideAndEmpty_DrawsNothing()
    {
        var layers = new[] { 2, 90_000_000, 2 };
        var options = TrainingData.Options(layers) with { Network = new NetworkOptions { Layers = layers, Topology = new TopologyOptions { Epsilon = 1e-6 } } };
        Assert.All(RunForecast.Of(options).Layers, layer => Assert.False(layer.Exact));
    }
}
