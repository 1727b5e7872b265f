using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>WASSP on threads: when all workers have their gradient, each adds up a part of all of them, in the order of the ranks, and updates that part of the
/// shared model.</summary>
internal sealed unsafe class SharedSteps(ICommunicator ranks, SharedModel model, Backend backend) : IExchange
{
    private EpochPlan? plan;
    private CancellationToken token;

    public long Updates { get; private set; }

    public bool IsOver => IsCancelled || Updates >= plan!.Last;

    public bool IsCancelled { get; private set; }

    public bool KeepsHeld => false;

    public Action? Between => null;

    public StalenessHistogram? Staleness => null;

    public void Begin(EpochPlan plan, NetworkGradient own, CancellationToken cancellationToken)
    {
        this.plan = plan;
        token = cancellationToken;
        (Updates, IsCancelled) = (plan.Now, false);
        model.Reported[ranks.Rank] = own;
        if (ranks.Rank == 0)
        {
            model.Begin(plan);
        }

        ranks.Barrier();
    }

    public bool Report(NetworkGradient gradient)
    {
        if (ranks.Rank == 0 && token.IsCancellationRequested)
        {
            model.Cancel();
        }

        ranks.Barrier();
        IsCancelled = model.IsCancelled;
        if (IsCancelled)
        {
            return false;
        }

        var layout = gradient.Layout;
        var sums = model.Reported[0].Pointer;
        var (from, to) = (layout.PartOf(ranks.Rank, ranks.Size), layout.PartOf(ranks.Rank + 1, ranks.Size));
        for (var rank = 1; rank < ranks.Size; rank++)
        {
            RankSums.Add(sums + from, model.Reported[rank].Pointer + from, to - from);
        }

        if (Updates == plan!.First)
        {
            ModelUpdate.ScaleVelocity(model.Network, layout, from, to, plan.MomentumFactor);
        }

        Updates++;
        ModelUpdate.Apply(backend, model.Network, layout, sums, from, to, plan.Step with { Step = Updates }, 1f / ranks.Size);
        ranks.Barrier();
        return true;
    }

    public void End() => ranks.Barrier();

    public void Dispose()
    {
    }
}
