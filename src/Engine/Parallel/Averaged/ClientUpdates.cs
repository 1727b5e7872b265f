using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>WASAP by messages, the other ranks: a gradient goes to rank 0, the model's parameters come back. Patterns travel only after they have
/// changed.</summary>
internal sealed unsafe class ClientUpdates(ICommunicator ranks, SparseNetwork network) : IExchange
{
    private readonly DeviceBuffer<float> reply = new(ParameterLayout.Of(network).Length);
    private ParameterLayout? layout;

    public long Updates { get; private set; }

    public bool IsOver { get; private set; }

    public bool IsCancelled { get; private set; }

    public bool KeepsHeld => true;

    public Action? Between => null;

    public StalenessHistogram Staleness { get; } = new(ranks.Size);

    public void Begin(EpochPlan plan, NetworkGradient own, CancellationToken cancellationToken)
    {
        layout = own.Layout;
        (Updates, IsOver, IsCancelled) = (plan.Now, false, false);
    }

    public bool Report(NetworkGradient gradient)
    {
        var bytes = layout!.Length * sizeof(float);
        var receive = ranks.BeginReceive(reply.Pointer, bytes, 0, Tags.Reply);
        var send = ranks.BeginSend(gradient.Pointer, bytes, 0, Tags.Gradient);
        ranks.Wait(ref send);
        ranks.Wait(ref receive);
        var header = (long*)reply.Pointer;
        Updates = header[0];
        var isApplied = header[1] != 0;
        IsOver = header[2] != 0;
        if (isApplied)
        {
            Staleness.Add(header[3] - gradient.Stamp);
        }

        if (!IsOver)
        {
            layout.Unpack(reply.Pointer, network, 0, layout.Length);
        }

        return isApplied;
    }

    public void End()
    {
        var end = RankValues.Broadcast<long>(ranks, null);
        (Updates, IsCancelled) = (end[0], end[1] != 0);
        ranks.Broadcast(reply.Pointer, layout!.Length * sizeof(float), 0);
        layout.Unpack(reply.Pointer, network, 0, layout.Length);
    }

    public void Dispose() => reply.Dispose();
}
