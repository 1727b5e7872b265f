using System.Threading.Channels;

namespace SparseService.Jobs.Events;

/// <summary>Gathers ids of changed runs between two looks; bounded.</summary>
internal sealed class ChangeCollection
{
    internal const int MostIds = 1000;

    private readonly Lock gate = new();
    private readonly Channel<bool> doorbell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private HashSet<Guid> ids = [];
    private bool mayBeMore;

    public void Note(Guid runId)
    {
        lock (gate)
        {
            if (ids.Count < MostIds)
            {
                ids.Add(runId);
            }
            else
            {
                mayBeMore |= !ids.Contains(runId);
            }
        }

        doorbell.Writer.TryWrite(true);
    }

    public void NoteAll()
    {
        lock (gate)
        {
            mayBeMore = true;
        }

        doorbell.Writer.TryWrite(true);
    }

    /// <summary>Waits until there is something, and takes it.</summary>
    public async Task<ChangedRuns> TakeAsync(CancellationToken cancellationToken)
    {
        await doorbell.Reader.ReadAsync(cancellationToken);
        lock (gate)
        {
            var taken = new ChangedRuns(ids, mayBeMore);
            (ids, mayBeMore) = ([], false);
            return taken;
        }
    }
}
