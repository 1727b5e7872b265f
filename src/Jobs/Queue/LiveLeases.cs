using System.Collections.Concurrent;

namespace SparseService.Jobs.Queue;

/// <summary>The leases that this process holds, so that a doorbell finds the right one.</summary>
public sealed class LiveLeases
{
    private readonly ConcurrentDictionary<RunLease, bool> leases = new();

    public IDisposable Add(RunLease lease)
    {
        leases[lease] = true;
        return new Entry(() => leases.TryRemove(lease, out _));
    }

    /// <summary>Somebody asked something of a run, or (null) of any.</summary>
    public void Poke(Guid? runId)
    {
        foreach (var lease in leases.Keys)
        {
            if (runId is null || lease.Run.RunId == runId)
            {
                lease.Poke();
            }
        }
    }

    private sealed class Entry(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
