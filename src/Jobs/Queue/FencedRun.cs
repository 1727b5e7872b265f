using SparseService.Persistence.Entities;

namespace SparseService.Jobs.Queue;

/// <summary>What a run's row says inside a fenced transaction; nobody else changes it until the commit.</summary>
public sealed record FencedRun(RunState State, int EpochsDone, int Faults);
