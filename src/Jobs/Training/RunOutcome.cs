namespace SparseService.Jobs.Training;

/// <summary>How one attempt at a run ended.</summary>
public enum RunOutcome
{
    /// <summary>The run was not there to be taken: leased by another worker, ended, paused or waiting for its retry.</summary>
    NotClaimed,

    Succeeded,
    Paused,
    Cancelled,
    Failed,

    /// <summary>Back in the queue: this process ends, or a retry may cure the fault.</summary>
    Requeued,

    /// <summary>Another worker has the run; nothing was written after it took over.</summary>
    LeaseLost,
}
