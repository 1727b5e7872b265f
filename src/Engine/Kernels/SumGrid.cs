namespace SparseService.Engine.Kernels;

/// <summary>
/// Where sums start, so that they are the same in any order of their terms: at an anchor 1.5·2ᵉ every sum s with |s| &lt; 2ᵉ⁻¹ keeps the exponent e, so each
/// fused multiply-add rounds its term to the same grid, multiples of 2ᵉ⁻²³, and adds it exactly. The anchor is taken off at the end, exactly too.
/// </summary>
/// <remarks>
/// Fixed-point arithmetic at the price of one subtraction a sum (in the spirit of Demmel and Nguyen's reproducible summation, ARITH 2013). A sum that leaves the range is as
/// good as any float sum, but depends on the order again; so does every sum on a processor without fused multiply-add. A term that lies exactly between two multiples would be rounded by the terms before it: see
/// <see cref="Backend.MakeTieFree"/>.
/// </remarks>
/// <param name="Forward">Anchor of preactivations; 0: they are plain float sums.</param>
/// <param name="Backward">Anchor of input gradients, likewise.</param>
internal readonly record struct SumGrid(float Forward, float Backward)
{
    /// <summary>Preactivations within ±2^(forward − 1) in steps of 2^(forward − 23), gradients likewise.</summary>
    public static SumGrid Of(int forward, int backward) => new(MathF.ScaleB(1.5f, forward), MathF.ScaleB(1.5f, backward));
}
