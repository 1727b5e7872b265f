namespace SparseService.Engine.Elementwise;

/// <summary>One activation function: f(z) and its slope f'(z).</summary>
internal interface IActivation
{
    T Value<T>(T z)
        where T : unmanaged, ILanes<T>;

    /// <param name="value"><see cref="Value"/> of the same z, which some slopes are made of.</param>
    T Slope<T>(T z, T value)
        where T : unmanaged, ILanes<T>;
}
