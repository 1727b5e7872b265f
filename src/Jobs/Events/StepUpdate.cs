namespace SparseService.Jobs.Events;

/// <summary>How far a run is inside an epoch; shown, never kept precious.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Step">Optimizer updates since the start of the run.</param>
/// <param name="Loss">Mean loss of the newest minibatch.</param>
public sealed record StepUpdate(Guid Run, int Epoch, long Step, int StepsPerEpoch, double Loss);
