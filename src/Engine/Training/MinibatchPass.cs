using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Training;

/// <summary>One minibatch on one network: forward, then backward with the update or without. Section 1 of the specification.</summary>
/// <param name="seed">Root of the dropout masks.</param>
internal sealed class MinibatchPass(TrainerState state, Backend backend, Workspace workspace, Evaluator evaluator, ulong seed)
{
    private readonly TrainingOptions options = state.Options;
    private readonly SparseNetwork network = state.Network;
    private readonly SumScales scales = state.Scales;
    private readonly int batchSize = PaddedBatch.Of(state.Options.BatchSize);
    private bool looks;

    private int Padding => batchSize - options.BatchSize;

    /// <summary>Begins a stretch of steps in which biases and what <see cref="Update"/> adds to the sums may stay where the backend
    /// computes; <see cref="End"/> brings them.</summary>
    public void Begin(EpochSums sums)
    {
        var slots = new Dictionary<object, int>(ReferenceEqualityComparer.Instance);
        for (var l = 0; l < network.Layers.Count; l++)
        {
            slots.Add(network.Layers[l].Weights, EpochSums.WeightSlot(l));
            slots.Add(network.Layers[l].Bias, EpochSums.BiasSlot);
        }

        backend.BeginSteps(slots, sums.State);
    }

    /// <inheritdoc cref="Begin"/>
    public void End(EpochSums sums) => backend.EndSteps(sums.State);

    /// <summary>Computes the loss and its gradient by the logits.</summary>
    /// <param name="rows">Of the data; batchSize of them.</param>
    /// <param name="position">Minibatches before this one: the key of its dropout masks.</param>
    /// <param name="between">Called between layers.</param>
    public LossResult Forward(ReadOnlySpan<int> rows, long position, Action? between = null)
    {
        evaluator.Load(rows);
        looks = scales.LooksAt(position);
        var layers = network.Layers;
        for (var l = 0; l < layers.Count - 1; l++)
        {
            between?.Invoke();
            var key = RandomStream.Key(seed, RandomPurpose.Dropout, position, l);
            evaluator.SetGrid(l);
            backend.SparseForward(
                layers[l].Weights, layers[l].Bias, evaluator.InputOf(l), workspace.Outputs[l], workspace.Slopes[l],
                batchSize, layers[l].Activation, new Dropout((float)options.Dropout, key));
        }

        var output = layers[^1];
        evaluator.SetGrid(layers.Count - 1);
        backend.SparseForward(output.Weights, output.Bias, evaluator.InputOf(layers.Count - 1), workspace.Outputs[^1], batchSize, output.Activation);
        for (var l = 0; looks && l < layers.Count; l++)
        {
            scales.SeeOutputs(l, backend.Largest(workspace.Outputs[l], (long)layers[l].Weights.Rows * batchSize));
        }

        return evaluator.Loss(workspace.Delta, options.BatchSize);
    }

    /// <summary>Backward with the update of every layer. Each layer's input gradient is taken before its weights move.</summary>
    /// <param name="sums">Squares of the gradient are added.</param>
    public void Update(in OptimizerStep step, EpochSums sums)
    {
        for (var l = network.Layers.Count - 1; l >= 0; l--)
        {
            var layer = network.Layers[l];
            var (state0, state1) = (layer.Connections.State[0], layer.Connections.State.ElementAtOrDefault(1));
            backend.Grid = scales.Grid(l);
            sums.WeightGradientSquares[l] += l > 0
                ? backend.SparseBackward(
                    layer.Weights, layer.Transpose, workspace.Outputs[l - 1], workspace.Delta, workspace.Slopes[l - 1], workspace.NextDelta,
                    state0, state1, batchSize, step, Padding)
                : backend.SparseWeightUpdate(
                    layer.Weights, evaluator.InputOf(l), workspace.Delta, state0, state1, batchSize, step, Padding);
            sums.BiasGradientSquares += backend.BiasUpdate(
                layer.Bias, workspace.Delta, layer.BiasState[0], layer.BiasState.ElementAtOrDefault(1), batchSize, step, Padding);
            if (looks && l > 0)
            {
                scales.SeeGradients(l, backend.Largest(workspace.NextDelta, (long)layer.Weights.Columns * batchSize));
            }

            workspace.SwapDeltas();
        }
    }

    /// <summary>Backward alone: the network stays as it is.</summary>
    /// <param name="gradient">Of this network's pattern; overwritten, its sums are added to.</param>
    /// <param name="between">Called between layers.</param>
    public void Differentiate(NetworkGradient gradient, Action? between = null)
    {
        for (var l = network.Layers.Count - 1; l >= 0; l--)
        {
            between?.Invoke();
            var layer = network.Layers[l];
            backend.Grid = scales.Grid(l);
            gradient.Sums.WeightGradientSquares[l] += l > 0
                ? backend.SparseBackwardGradient(
                    layer.Weights, layer.Transpose, workspace.Outputs[l - 1], workspace.Delta, workspace.Slopes[l - 1], workspace.NextDelta,
                    gradient.Weights[l], batchSize, Padding)
                : backend.SparseWeightGradient(layer.Weights, evaluator.InputOf(l), workspace.Delta, gradient.Weights[l], batchSize, Padding);
            gradient.Sums.BiasGradientSquares += backend.BiasGradient(workspace.Delta, gradient.Biases[l], batchSize, Padding);
            workspace.SwapDeltas();
        }
    }
}
