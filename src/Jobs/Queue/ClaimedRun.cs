using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Queue;

/// <summary>A run that this worker holds since now.</summary>
/// <param name="LeaseEpoch">Goes into every write.</param>
/// <param name="Faults">In a row, the one that led to this claim included.</param>
public sealed record ClaimedRun(Guid RunId, long LeaseEpoch, int Attempt, int Faults, RunReason LastReason);
