using SparseService.Engine.Data;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Training;

/// <summary>Loads minibatches and measures the loss: for a training step, and over the whole test part.</summary>
internal sealed class Evaluator : IDisposable
{
    private readonly TrainerState state;
    private readonly SampleStore data;
    private readonly Backend backend;
    private readonly Workspace workspace;
    private readonly Minibatch minibatch;
    private readonly int[] testRows;

    public Evaluator(TrainerState state, SampleStore data, Backend backend, Workspace workspace, int[] testRows)
    {
        this.state = state;
        this.data = data;
        this.backend = backend;
        this.workspace = workspace;
        this.testRows = testRows;
        minibatch = new Minibatch(state.Options, state.Description, data, backend, workspace.TestBatchSize);
        EverActive = state.Options.Network.Layers.Skip(1).SkipLast(1).Select(width => new bool[width]).ToArray();
    }

    /// <summary>[hidden layer][neuron]: whether the last test saw an output other than 0.</summary>
    public bool[][] EverActive { get; }

    /// <summary>What a layer reads: the loaded minibatch, or the outputs of the layer below.</summary>
    public LayerInput InputOf(int layer) => layer == 0 ? minibatch.Input : workspace.Outputs[layer - 1];

    /// <inheritdoc cref="Minibatch.Load"/>
    public void Load(ReadOnlySpan<int> rows) => minibatch.Load(rows);

    /// <summary>Loss of the loaded minibatch from its logits.</summary>
    /// <param name="dLogits">Receives dLoss/dz of the output layer; may be the logits themselves.</param>
    public LossResult Loss(DeviceBuffer<float> dLogits, int samples) => minibatch.Loss(workspace.Outputs[^1], dLogits, samples);

    /// <summary>Sums of a layer's forward pass are on its grid from now on, and its weights have no ties there.</summary>
    public void SetGrid(int layer)
    {
        backend.Grid = state.Scales.Grid(layer);
        if (layer > 0)
        {
            // The first layer's inputs are everywhere: its sums have one order.
            backend.MakeTieFree(state.Network.Layers[layer].Weights.Values);
        }
    }

    /// <summary>Mean loss and accuracy over the test part, every row of it.</summary>
    public TestResult Test()
    {
        var (lossSum, correct) = TestShare(0, 1);
        return ResultOf(lossSum, correct);
    }

    /// <summary>One rank's share of the test, in whole minibatches; the shares of all ranks are the test.</summary>
    /// <returns>Sum of the losses, and how many rows were classified right.</returns>
    public (double LossSum, double Correct) TestShare(int rank, int ranks)
    {
        foreach (var active in EverActive)
        {
            Array.Clear(active);
        }

        var batches = (testRows.Length + workspace.TestBatchSize - 1L) / workspace.TestBatchSize;
        var (lossSum, correct) = (0.0, 0L);
        for (var batch = batches * rank / ranks; batch < batches * (rank + 1) / ranks; batch++)
        {
            var start = (int)batch * workspace.TestBatchSize;
            var rows = testRows.AsSpan(start, Math.Min(workspace.TestBatchSize, testRows.Length - start));
            Load(rows);
            Forward(rows.Length);
            var loss = Loss(workspace.Outputs[^1], rows.Length);
            lossSum += loss.LossSum;
            correct += loss.Correct;
        }

        return (lossSum, correct);
    }

    /// <param name="lossSum">Over the whole test part.</param>
    public TestResult ResultOf(double lossSum, double correct) =>
        new(lossSum / testRows.Length, data.Classes > 0 ? correct / testRows.Length : null);

    public void Dispose() => minibatch.Dispose();

    private void Forward(int samples)
    {
        var batchSize = PaddedBatch.Of(samples);
        var layers = state.Network.Layers;
        for (var l = 0; l < layers.Count; l++)
        {
            var layer = layers[l];
            var output = workspace.Outputs[l];
            SetGrid(l);
            backend.SparseForward(layer.Weights, layer.Bias, InputOf(l), output, batchSize, layer.Activation);
            if (l < EverActive.Length)
            {
                backend.MarkActive(EverActive[l], output, samples, batchSize);
            }
        }
    }
}

/// <param name="Loss">Mean over the test part.</param>
/// <param name="Accuracy">Share classified right; null in regression.</param>
internal readonly record struct TestResult(double Loss, double? Accuracy);
