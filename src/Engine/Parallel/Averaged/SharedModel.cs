using System.Diagnostics;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>Threads: the one model of phase 1, which all workers read and update in place. It is the server of the specification.</summary>
internal sealed class SharedModel : IDisposable
{
    /// <summary>Connections that one lock covers.</summary>
    public const long StripeLength = 1 << 16;

    private readonly Lock[][] locks;
    private long updates;
    private long last;
    private volatile bool isCancelled;

    /// <param name="network">Taken over.</param>
    public SharedModel(SparseNetwork network, int workers)
    {
        Network = network;
        Reported = new NetworkGradient[workers];
        locks = network.Layers
            .Select(layer => Enumerable.Range(0, (int)(layer.Weights.Nnz / StripeLength) + 1).Select(_ => new Lock()).ToArray()).ToArray();
    }

    public SparseNetwork Network { get; }

    /// <summary>Synchronous steps: the gradients of the step at hand, by worker.</summary>
    public NetworkGradient[] Reported { get; }

    public long Updates => Volatile.Read(ref updates);

    public bool IsCancelled => isCancelled;

    public bool IsOver => isCancelled || Updates >= Volatile.Read(ref last);

    public void Begin(EpochPlan plan)
    {
        updates = plan.Now;
        last = plan.Last;
        isCancelled = false;
    }

    public void Cancel() => isCancelled = true;

    /// <summary>Makes an update this worker's.</summary>
    /// <param name="before">Updates before it.</param>
    /// <returns>False when the epoch has no more, or is cancelled.</returns>
    public bool TryTake(out long before)
    {
        while (true)
        {
            before = Updates;
            if (IsOver)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref updates, before + 1, before) == before)
            {
                return true;
            }
        }
    }

    /// <summary>Enters a stripe of a layer's connections; who holds stripe 0 also holds the biases.</summary>
    /// <returns>Seconds that it took.</returns>
    public double Enter(int layer, int stripe, out Lock entered)
    {
        entered = locks[layer][stripe];
        if (entered.TryEnter())
        {
            return 0;
        }

        var started = Stopwatch.GetTimestamp();
        entered.Enter();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose() => Network.Dispose();
}
