using SparseService.Engine.Elementwise;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Averaged;

/// <summary>Phase 1 as a worker sees it: how its gradients come into the one model, and the model to it.</summary>
internal interface IExchange : IDisposable
{
    /// <summary>Updates that the model has seen, as far as this worker knows: the stamp of a gradient that it begins now.</summary>
    long Updates { get; }

    /// <summary>Whether the epoch's updates are done, or the training is cancelled.</summary>
    bool IsOver { get; }

    /// <summary>After <see cref="End"/> the same on all ranks.</summary>
    bool IsCancelled { get; }

    /// <summary>Whether a gradient that <see cref="Report"/> did not take is to be kept; else it is to be computed anew.</summary>
    bool KeepsHeld { get; }

    /// <summary>To be called between layers while a gradient is computed; null where nobody needs it.</summary>
    Action? Between { get; }

    /// <summary>How old this worker's updates of the epoch were; null in synchronous steps.</summary>
    StalenessHistogram? Staleness { get; }

    /// <summary>Seconds in which this worker waited for locks since it was last asked.</summary>
    double TakeWaiting() => 0;

    /// <summary>Collective.</summary>
    /// <param name="own">This worker's gradient, perhaps one that it holds.</param>
    /// <param name="cancellationToken">Rank 0's counts.</param>
    void Begin(EpochPlan plan, NetworkGradient own, CancellationToken cancellationToken);

    /// <summary>Brings a gradient to the model, and the model to this worker.</summary>
    /// <returns>False when the epoch was over: the gradient is not applied.</returns>
    bool Report(NetworkGradient gradient);

    /// <summary>Collective: no update is under way any more, and every worker's network has the model's parameters.</summary>
    void End();
}

/// <param name="Step">The optimizer's, but for the number of the step.</param>
/// <param name="MomentumFactor">What the velocity is multiplied by in the epoch's first step.</param>
/// <param name="First">Updates before the epoch.</param>
/// <param name="Now">Updates so far.</param>
/// <param name="Last">Updates after the epoch.</param>
internal sealed record EpochPlan(OptimizerStep Step, double MomentumFactor, long First, long Now, long Last);
