using SparseService.Engine.Kernels;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>
/// WASAP by messages, rank 0: the server of the specification, which also trains on its own shard. It looks for gradients between the layers of its own
/// minibatch, so that none waits for a whole step of it. In lock-step it waits for each worker in turn.
/// </summary>
internal sealed unsafe class ServerUpdates : IExchange
{
    private readonly ICommunicator ranks;
    private readonly SparseNetwork network;
    private readonly Backend backend;
    private readonly bool isLockStep;
    private readonly Client[] clients;
    private ParameterLayout layout;
    private EpochPlan? plan;
    private CancellationToken token;

    /// <param name="turn">See <see cref="Turn"/>.</param>
    public ServerUpdates(ICommunicator ranks, SparseNetwork network, Backend backend, bool isLockStep, int turn)
    {
        Turn = turn;
        (this.ranks, this.network, this.backend, this.isLockStep) = (ranks, network, backend, isLockStep);
        layout = ParameterLayout.Of(network);
        clients = Enumerable.Range(1, ranks.Size - 1).Select(rank => new Client(rank, layout.Length)).ToArray();
        Between = isLockStep ? null : Serve;
        Staleness = new StalenessHistogram(ranks.Size);
    }

    public long Updates { get; private set; }

    public bool IsOver => IsCancelled || Updates >= plan!.Last;

    public bool IsCancelled { get; private set; }

    public bool KeepsHeld => true;

    public Action? Between { get; }

    /// <summary>Lock-step: the worker whose gradient comes next; above 0 when an epoch has ended inside a round.</summary>
    public int Turn { get; private set; }

    public StalenessHistogram Staleness { get; }

    public void Begin(EpochPlan plan, NetworkGradient own, CancellationToken cancellationToken)
    {
        this.plan = plan;
        token = cancellationToken;
        layout = own.Layout;
        (Updates, IsCancelled) = (plan.Now, token.IsCancellationRequested);
        foreach (var client in clients)
        {
            client.IsTold = false;
            Await(client);
        }

        // Those whose turn it still was hold their gradients.
        if (isLockStep && Turn > 0)
        {
            TakeTurns(own);
        }
    }

    public bool Report(NetworkGradient gradient)
    {
        if (isLockStep)
        {
            return TakeTurns(gradient);
        }

        Serve();
        return ApplyOwn(gradient);
    }

    public void End()
    {
        foreach (var client in clients.Where(client => !client.IsTold))
        {
            ranks.Wait(ref client.Receive);
            Answer(client, isApplied: false);
        }

        foreach (var client in clients)
        {
            ranks.Wait(ref client.Send);
        }

        RankValues.Broadcast(ranks, [Updates, IsCancelled ? 1 : 0]);
        if (ranks.Size > 1)
        {
            var flat = clients[0].Reply;
            layout.Pack(network, flat.Pointer, 0, layout.Length);
            ranks.Broadcast(flat.Pointer, layout.Length * sizeof(float), 0);
        }
    }

    public void Dispose()
    {
        foreach (var client in clients)
        {
            client.Dispose();
        }
    }

    private void Serve()
    {
        foreach (var client in clients)
        {
            if (!client.IsTold && ranks.IsDone(ref client.Receive, out _))
            {
                client.UpdatesBefore = Updates;
                Answer(client, Apply(client.Gradient.Pointer));
            }
        }
    }

    // All have computed their gradient before anyone's is applied, or hold it from before; then each in turn, and an answer to all.
    private bool TakeTurns(NetworkGradient own)
    {
        var first = Turn;
        var taken = new bool[ranks.Size];
        for (var rank = first; rank < ranks.Size; rank++)
        {
            if (rank == 0)
            {
                taken[0] = ApplyOwn(own);
                continue;
            }

            var client = clients[rank - 1];
            ranks.Wait(ref client.Receive);
            client.UpdatesBefore = Updates;
            taken[rank] = Apply(client.Gradient.Pointer);
        }

        for (var rank = Math.Max(1, first); rank < ranks.Size; rank++)
        {
            Answer(clients[rank - 1], taken[rank]);
        }

        Turn = Math.Max(0, Array.IndexOf(taken, false, first));
        return taken[0];
    }

    private bool ApplyOwn(NetworkGradient gradient)
    {
        var before = Updates;
        if (!Apply(gradient.Pointer))
        {
            return false;
        }

        Staleness.Add(before - gradient.Stamp);
        return true;
    }

    private bool Apply(float* gradient)
    {
        IsCancelled |= token.IsCancellationRequested;
        if (IsOver)
        {
            return false;
        }

        Updates++;
        ModelUpdate.Apply(backend, network, layout, gradient, 0, layout.Length, plan!.Step with { Step = Updates });
        return true;
    }

    private void Answer(Client client, bool isApplied)
    {
        ranks.Wait(ref client.Send);
        var header = (long*)client.Reply.Pointer;
        header[0] = Updates;
        header[1] = isApplied ? 1 : 0;
        header[2] = IsOver ? 1 : 0;
        header[3] = client.UpdatesBefore;
        client.IsTold = IsOver;
        if (client.IsTold)
        {
            client.Send = ranks.BeginSend(client.Reply.Pointer, ParameterLayout.HeaderLength * sizeof(float), client.Rank, Tags.Reply);
            return;
        }

        layout.Pack(network, client.Reply.Pointer, 0, layout.Length);
        Await(client);
        client.Send = ranks.BeginSend(client.Reply.Pointer, layout.Length * sizeof(float), client.Rank, Tags.Reply);
    }

    private void Await(Client client) =>
        client.Receive = ranks.BeginReceive(client.Gradient.Pointer, layout.Length * sizeof(float), client.Rank, Tags.Gradient);

    /// <summary>What the server keeps of a worker.</summary>
    private sealed class Client(int rank, long length) : IDisposable
    {
        public Transfer Receive;
        public Transfer Send;

        public int Rank => rank;

        public DeviceBuffer<float> Gradient { get; } = new(length);

        public DeviceBuffer<float> Reply { get; } = new(length);

        /// <summary>Updates that the model had seen when this worker's turn came.</summary>
        public long UpdatesBefore { get; set; }

        /// <summary>Whether it knows that the epoch is over.</summary>
        public bool IsTold { get; set; }

        public void Dispose()
        {
            Gradient.Dispose();
            Reply.Dispose();
        }
    }
}
