using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>
/// One minibatch through this rank's rows (arXiv 2104.11805): forward the values that others read are sent and those of own inputs are computed with while the
/// ghosts are on their way; backward the ghosts' part of the gradient is computed first and sent, then that of own inputs, to which the others' parts are added
/// in the order of the ranks, so that a run has the same bits each time. The update is local: ghosts' values are kept.
/// </summary>
/// <param name="input">[feature, sample]: of the minibatch, all of it on every rank.</param>
internal sealed class RankPass(
    IReadOnlyList<RankLayer> layers, LayerInput input, RankWorkspace workspace, GhostExchange exchange, Backend backend, SumScales scales)
{
    private bool looks;

    /// <summary>From the minibatch to own outputs of every layer.</summary>
    /// <param name="dropout">[hidden layer]; null: no training, no slopes.</param>
    /// <param name="looks">Whether the scales are shown own outputs, and gradients in the backward pass after it.</param>
    public void Forward(int batchSize, Func<int, Dropout>? dropout, bool looks = false)
    {
        this.looks = looks;
        for (var l = 0; l < layers.Count; l++)
        {
            var layer = layers[l];
            SetGrid(layer);
            var x = l == 0 ? input : workspace.Outputs[l - 1];
            if (layer.Plan is { } plan)
            {
                exchange.Expand(l, plan, x.Floats, workspace.Wires[l], workspace.Ghosts[l], batchSize);
            }

            if (dropout is null || l == layers.Count - 1)
            {
                Infer(layer, x, batchSize);
            }
            else
            {
                Train(layer, x, batchSize, dropout(l));
            }

            if (looks)
            {
                scales.SeeOutputs(l, backend.Largest(workspace.Outputs[l], (long)layer.Neurons.Own.Length * batchSize));
            }
        }
    }

    /// <summary>From <see cref="RankWorkspace.Delta"/>, dLoss/dz of own outputs, through all layers, and updates them.</summary>
    public void Backward(int batchSize, int padding, in OptimizerStep step, EpochSums sums)
    {
        for (var l = layers.Count - 1; l >= 0; l--)
        {
            var layer = layers[l];
            backend.Grid = scales.Grid(l);
            sums.WeightGradientSquares[l] += l > 0 ? Hidden(layer, batchSize, padding, step) : backend.SparseWeightUpdate(
                layer.Own.Weights, input, workspace.Delta, layer.Own.State[0], layer.Own.State.ElementAtOrDefault(1), batchSize, step, padding);
            sums.BiasGradientSquares += backend.BiasUpdate(
                layer.Bias, workspace.Delta, layer.BiasState[0], layer.BiasState.ElementAtOrDefault(1), batchSize, step, padding);
            if (looks && l > 0)
            {
                scales.SeeGradients(l, backend.Largest(workspace.NextDelta, (long)layer.Own.Weights.Columns * batchSize));
            }

            workspace.SwapDeltas();
        }
    }

    // As the sequential evaluator does.
    private void SetGrid(RankLayer layer)
    {
        backend.Grid = scales.Grid(layer.Index);
        if (layer.Index > 0)
        {
            backend.MakeTieFree(layer.Own.Weights.Values);
            if (layer.Ghost is { } ghost)
            {
                backend.MakeTieFree(ghost.Weights.Values);
            }
        }
    }

    private static bool HasGhosts(RankLayer layer) => layer.Plan?.Ghosts.Length > 0;

    private void Infer(RankLayer layer, LayerInput x, int batchSize)
    {
        var y = workspace.Outputs[layer.Index];
        var hasGhosts = HasGhosts(layer);
        backend.SparseForward(layer.Own.Weights, layer.Bias, x, y, batchSize, hasGhosts ? Activation.Linear : layer.Activation);
        if (hasGhosts)
        {
            exchange.WaitForReceives(layer.Index);
            backend.SparseForwardOnto(layer.Ghost!.Weights, workspace.Ghosts[layer.Index], y, null, batchSize, layer.Activation);
        }
    }

    private void Train(RankLayer layer, LayerInput x, int batchSize, in Dropout dropout)
    {
        var (y, slopes) = (workspace.Outputs[layer.Index], workspace.Slopes[layer.Index]);
        if (HasGhosts(layer))
        {
            backend.SparseForward(layer.Own.Weights, layer.Bias, x, y, batchSize, Activation.Linear);
            exchange.WaitForReceives(layer.Index);
            backend.SparseForwardOnto(layer.Ghost!.Weights, workspace.Ghosts[layer.Index], y, slopes, batchSize, layer.Activation);
            backend.DropoutRows(layer.Neurons.Numbers, y, slopes, batchSize, dropout);
        }
        else if (layer.Neurons.OwnsAll)
        {
            backend.SparseForward(layer.Own.Weights, layer.Bias, x, y, slopes, batchSize, layer.Activation, dropout);
        }
        else
        {
            backend.SparseForward(layer.Own.Weights, layer.Bias, x, y, slopes, batchSize, layer.Activation, Dropout.None);
            backend.DropoutRows(layer.Neurons.Numbers, y, slopes, batchSize, dropout);
        }
    }

    private double Hidden(RankLayer layer, int batchSize, int padding, in OptimizerStep step)
    {
        var l = layer.Index;
        var squares = 0.0;
        if (layer.Plan is { } plan)
        {
            exchange.BeginFold(l, plan, workspace.Wires[l], batchSize);
            if (HasGhosts(layer))
            {
                var ghost = layer.Ghost!;
                squares += backend.SparseBackward(
                    ghost.Weights, layer.GhostTranspose, workspace.Ghosts[l], workspace.Delta, null, workspace.GhostSums[l],
                    ghost.State[0], ghost.State.ElementAtOrDefault(1), batchSize, step, padding);
                exchange.Fold(l, plan, workspace.GhostSums[l], batchSize);
            }
        }

        var (own, slopes) = (layer.Own, workspace.Slopes[l - 1]);
        var isWhole = !(layer.Plan?.Sends.Length > 0);
        squares += backend.SparseBackward(
            own.Weights, layer.OwnTranspose, workspace.Outputs[l - 1], workspace.Delta, isWhole ? slopes : null, workspace.NextDelta,
            own.State[0], own.State.ElementAtOrDefault(1), batchSize, step, padding);
        for (var rank = 0; rank < (layer.Plan?.SendStarts.Length ?? 1) - 1; rank++)
        {
            exchange.WaitFor(l, rank);
            var (first, count) = (layer.Plan!.SendStarts[rank], layer.Plan.SendCount(rank));
            backend.FoldRows(workspace.Wires[l], first, layer.Plan.Sends.AsSpan(first, count), workspace.NextDelta, batchSize);
        }

        if (!isWhole)
        {
            backend.MultiplyBySlopes(workspace.NextDelta, slopes, own.Weights.Columns, batchSize);
        }

        return squares;
    }
}
