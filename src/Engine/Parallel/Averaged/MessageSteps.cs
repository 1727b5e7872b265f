using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>WASSP by messages: gradients are added up over all ranks, and every rank does the same update on its copy of the model. Only gradients travel.</summary>
internal sealed unsafe class MessageSteps(ICommunicator ranks, SparseNetwork network, Backend backend) : IExchange
{
    private EpochPlan? plan;
    private CancellationToken token;
    private DeviceBuffer<float>? room;
    private long[] parts = [];

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
        parts = Enumerable.Range(0, ranks.Size + 1).Select(rank => own.Layout.PartOf(rank, ranks.Size)).ToArray();
        var wanted = ranks.Size * (parts[ranks.Rank + 1] - parts[ranks.Rank]);
        if (!(room?.Capacity >= wanted))
        {
            room?.Dispose();
            room = new DeviceBuffer<float>(wanted);
        }
    }

    public bool Report(NetworkGradient gradient)
    {
        var cancels = ranks.Rank == 0 && token.IsCancellationRequested ? 1L : 0;
        ranks.Broadcast(&cancels, sizeof(long), 0);
        IsCancelled = cancels != 0;
        if (IsCancelled)
        {
            return false;
        }

        var layout = gradient.Layout;
        RankSums.Reduce(ranks, gradient.Pointer, parts, room!);
        if (Updates == plan!.First)
        {
            ModelUpdate.ScaleVelocity(network, layout, 0, layout.Length, plan.MomentumFactor);
        }

        Updates++;
        ModelUpdate.Apply(backend, network, layout, gradient.Pointer, 0, layout.Length, plan.Step with { Step = Updates }, 1f / ranks.Size);
        return true;
    }

    public void End()
    {
    }

    public void Dispose() => room?.Dispose();
}
