namespace SparseService.Jobs.Queue;

/// <summary>Why a worker stops training before the end.</summary>
public enum Interruption
{
    None,

    /// <summary>The state says pausing or stopping.</summary>
    Command,

    /// <summary>The process was told to end.</summary>
    Shutdown,

    LeaseLost,

    /// <summary>The recorder met a fault that it cannot cure.</summary>
    Fault,
}
