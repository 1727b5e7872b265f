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
        bytes += workspace.Outputs.Concat(workspace.Slopes).Append(workspace.Delta).Append(workspace.NextDelta).Sum(buffer => buffer.Capacity * 4);
        bytes += 60L * PaddedBatch.Of(workspace.TestBatchSize) * 4; // the minibatch as floats
        Assert.Equal(bytes, RunForecast.Of(options).TrainingBytes, 200.0); // an offset more per layer
    }

    [Theory]
    [InlineData(ParallelMethod.Wasap, ParallelTransport.Threads, 0, 0)]
    [InlineData(ParallelMethod.Wassp, ParallelTransport.Threads, 0, 0)]
    [InlineData(ParallelMethod.Wasap, ParallelTransport.Mpi, 2 * 3 / 4.0, 400)] // of four workers three send a gradient and get the parameters
    [InlineData(ParallelMethod.Wassp, ParallelTransport.Mpi, 2 * 3, 100)]
    public void Of_SeveralWorkers_CountsWhatIsSent(ParallelMethod method, ParallelTransport transport, double parametersPerStep, int steps)
    {
        var options = TrainingData.Options(60, 500, 400, 7) with { Epochs = 10 };
        var one = RunForecast.Of(options, trainRows: 4000);
        var parallel = new ParallelTrainingOptions { Method = method, Transport = transport, Workers = 4 };

        var all = RunForecast.Of(options with { Parallel = parallel }, trainRows: 4000);

        var forecast = all.Parallel!;
        var parameters = 4 * (one.Nnz + 500 + 400 + 7);
        Assert.Equal(parametersPerStep * parameters, forecast.BytesPerStep);
        Assert.InRange(forecast.BytesPerEpoch!.Value - (steps * forecast.BytesPerStep), 0, forecast.BytesPerStep == 0 ? 0 : 3 * 5.0 * parameters);
        Assert.Equal((4, 3), (forecast.Workers, forecast.LocalEpochs));
        Assert.InRange(forecast.RankBytes, one.TrainingBytes + parameters, one.TrainingBytes + (7 * parameters));
        Assert.Equal(4 * forecast.RankBytes, all.TrainingBytes);
        Assert.Equal(one.SecondsPerEpoch / 4, forecast.SecondsPerEpoch);
    }

    // Full layers: every neuron is wanted by every other rank.
    [Fact]
    public void Of_PartitionOfFullLayers_SendsEachValueToAllOthersAndBack()
    {
        var network = TrainingData.Options(5, 20, 30, 4).Network with { Topology = new TopologyOptions { Kind = TopologyKind.Uniform, Density = 1 } };
        var options = TrainingData.Options(5, 20, 30, 4) with
        {
            Network = network, BatchSize = 16, Parallel = new ParallelTrainingOptions { Method = ParallelMethod.Partitioned, Workers = 2 },
        };

        var forecast = RunForecast.Of(options, trainRows: 160).Parallel!;

        Assert.Equal(4.0 * 2 * (20 + 30) * 16, forecast.BytesPerStep, 4.0 * 2 * 2 * 16); // 2⁻ᵈ short of it
        Assert.Equal(10 * forecast.BytesPerStep, forecast.BytesPerEpoch);
        Assert.Equal(0, forecast.LocalEpochs);
    }

    [Fact]
    public void Of_WideAndEmpty_DrawsNothing()
    {
        var layers = new[] { 2, 90_000_000, 2 };
        var options = TrainingData.Options(layers) with { Network = new NetworkOptions { Layers = layers, Topology = new TopologyOptions { Epsilon = 1e-6 } } };
        Assert.All(RunForecast.Of(options).Layers, layer => Assert.False(layer.Exact));
    }
}
