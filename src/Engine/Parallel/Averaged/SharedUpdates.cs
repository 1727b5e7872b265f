using SparseService.Engine.Elementwise;
using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>
/// WASAP on threads: a worker computes its gradient from the shared arrays, whatever others do to them meanwhile, into memory of its own, and applies it itself,
/// a stretch of a layer at a time under that stretch's lock. So workers wait for each other only where they meet in the same stretch.
/// </summary>
internal sealed unsafe class SharedUpdates(ICommunicator ranks, SharedModel model, Backend backend) : IExchange
{
    private EpochPlan? plan;
    private CancellationToken token;
    private double waitingSeconds;

    public long Updates => model.Updates;

    public bool IsOver => model.IsOver;

    public bool IsCancelled => model.IsCancelled;

    public bool KeepsHeld => true;

    public Action? Between => null;

    public StalenessHistogram Staleness { get; } = new(ranks.Size);

    public void Begin(EpochPlan plan, NetworkGradient own, CancellationToken cancellationToken)
    {
        this.plan = plan;
        token = cancellationToken;
        if (ranks.Rank == 0)
        {
            model.Begin(plan);
            Look();
        }

        ranks.Barrier();
    }

    public bool Report(NetworkGradient gradient)
    {
        Look();
        if (!model.TryTake(out var before))
        {
            return false;
        }

        Staleness.Add(before - gradient.Stamp);
        var step = plan!.Step with { Step = before + 1 };
        for (var l = model.Network.Layers.Count - 1; l >= 0; l--)
        {
            Apply(model.Network.Layers[l], gradient, step);
        }

        return true;
    }

    public void End() => ranks.Barrier();

    public double TakeWaiting()
    {
        var taken = waitingSeconds;
        waitingSeconds = 0;
        return taken;
    }

    public void Dispose()
    {
    }

    // Any call throws once a rank has failed: nobody trains on to the end of the epoch for nothing.
    private void Look()
    {
        ranks.IsThere(0, Tags.Stop, out _);
        if (token.IsCancellationRequested)
        {
            model.Cancel();
        }
    }

    private void Apply(SparseLayer layer, NetworkGradient gradient, in OptimizerStep step)
    {
        var (l, weights) = (layer.Index, layer.Weights);
        for (var (first, stripe) = (0L, 0); first < weights.Nnz || stripe == 0; first += SharedModel.StripeLength, stripe++)
        {
            waitingSeconds += model.Enter(l, stripe, out var entered);
            try
            {
                Apply(layer, gradient, first, Math.Min(SharedModel.StripeLength, weights.Nnz - first), step);
            }
            finally
            {
                entered.Exit();
            }
        }
    }

    private void Apply(SparseLayer layer, NetworkGradient gradient, long first, long count, in OptimizerStep step)
    {
        var slots = layer.Connections.State;
        var second = slots.Count > 1 ? slots[1].Pointer + first : null;
        backend.ParameterUpdate(
            layer.Weights.Values.Pointer + first, gradient.Weights[layer.Index].Pointer + first, slots[0].Pointer + first, second, count, step);
        if (first > 0)
        {
            return;
        }

        fixed (float* biases = layer.Bias, state0 = layer.BiasState[0], state1 = slots.Count > 1 ? layer.BiasState[1] : null)
        {
            backend.ParameterUpdate(biases, gradient.Biases[layer.Index].Pointer, state0, state1, layer.Bias.Length, step);
        }
    }
}
