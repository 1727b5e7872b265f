namespace SparseService.Engine.Elementwise;

/// <summary>One update rule: a parameter and its state move by a gradient.</summary>
internal interface IOptimizer
{
    /// <summary>Whether the rule has a second state value per parameter.</summary>
    static abstract bool HasSecondState { get; }

    /// <summary>Returns the new parameter.</summary>
    T Apply<T>(T parameter, T gradient, ref T state0, ref T state1)
        where T : unmanaged, ILanes<T>;
}
