namespace SparseService.Engine.Kernels;

// A device answers late: what a training step needs of it should be one number, the loss. Between BeginSteps and EndSteps a backend may keep
// what BiasUpdate changes, and add up the norms that updates return as 0, where it computes.
public abstract partial class Backend
{
    /// <summary>Begins a stretch of steps in which nobody but this backend touches the arrays that it is given.</summary>
    /// <param name="slots">Where in <paramref name="sums"/> the squared norms of updates are added, by what is updated: a matrix, or an array
    /// of biases.</param>
    internal virtual void BeginSteps(IReadOnlyDictionary<object, int> slots, ReadOnlySpan<double> sums)
    {
    }

    /// <summary>Ends it: arrays are up to date again, and the slots of <paramref name="sums"/> have what is still to be added.</summary>
    /// <param name="sums">The same numbers, which the steps' own returns may have changed.</param>
    internal virtual void EndSteps(Span<double> sums)
    {
    }
}
