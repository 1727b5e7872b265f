namespace SparseService.Jobs.Queue;

/// <summary>Another worker has the run, or may have it: nothing more may be written for it from here.</summary>
public sealed class LeaseLostException(Guid runId, long leaseEpoch)
    : Exception($"The lease {leaseEpoch} of run {runId} is lost");
