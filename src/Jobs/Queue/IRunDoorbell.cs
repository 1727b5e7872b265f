namespace SparseService.Jobs.Queue;

/// <summary>
/// Tells a worker that a run may be claimed. Ringing twice, late or never is harmless: the claim decides who works, and whoever sweeps rings
/// for runs that nobody came for. The built-in queue needs none: its doorbell is a NOTIFY in the transaction itself.
/// </summary>
public interface IRunDoorbell
{
    /// <summary>Rings for a run that is committed, once it is due. Does not throw: a ring that is lost is made up for.</summary>
    Task RingAsync(Guid runId);
}
