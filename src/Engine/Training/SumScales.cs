using System.Numerics;
using SparseService.Engine.Kernels;

namespace SparseService.Engine.Training;

/// <summary>
/// How fine the grid of each layer's fixed-point sums is (docs/decisions/0006): it follows the largest signal of the steps that are looked at, so that a signal of any size
/// has 18 bits below the layer's largest and eight times its room above.
/// </summary>
/// <remarks>
/// Part of a training's state: a function of maxima, which do not depend on the order or the place in which values were looked at. A sum beyond its room is an ordinary
/// float sum.
/// </remarks>
internal sealed class SumScales
{
    // Before anything was seen: signals of the order of 1, preactivations within ±256, gradients of a sample within ±8.
    private const int FirstForward = 9;
    private const int FirstBackward = 4;

    // Outside, multiples of a grid would leave the range of normal floats.
    private const int Finest = -90;
    private const int Coarsest = 120;

    // Looking costs as much as reading a minibatch's values once, and ranks a message; in 16 steps no signal was seen to grow to its eightfold.
    private const int StepsBetweenLooks = 16;
    private const int EarlySteps = 8;

    private readonly SumGrid[] grids;

    private SumScales(int layers, bool isFixedPoint)
    {
        IsFixedPoint = isFixedPoint;
        Exponents = [.. Enumerable.Repeat(FirstForward, layers), .. Enumerable.Repeat(FirstBackward, layers)];
        Largest = new float[2 * layers];
        grids = new SumGrid[layers];
        SetGrids();
    }

    public bool IsFixedPoint { get; }

    /// <summary>[forward of each layer, then backward]: sums s with |s| &lt; 2ᵉ⁻¹ are multiples of 2ᵉ⁻²³.</summary>
    public int[] Exponents { get; }

    /// <summary>Like <see cref="Exponents"/>: the largest output, and gradient by an input, of a step that is looked at. Ranks of one network take the maximum of all before they fit.</summary>
    public float[] Largest { get; }

    /// <summary>The first scales of a training.</summary>
    public static SumScales Of(TrainingOptions options) => new(options.Network.Layers.Count - 1, options.HasFixedPointSums);

    /// <summary>Scales of a checkpoint.</summary>
    /// <param name="exponents">As <see cref="Exponents"/>.</param>
    /// <exception cref="InvalidDataException">An exponent that no fit gives.</exception>
    public static SumScales Of(TrainingOptions options, int[] exponents)
    {
        var scales = Of(options);
        if (exponents.Any(exponent => exponent is < Finest or > Coarsest))
        {
            throw new InvalidDataException(
                $"Tensor sums.exponents has {exponents.Min()} to {exponents.Max()}; allowed: {Finest} to {Coarsest}");
        }

        exponents.CopyTo(scales.Exponents, 0);
        scales.SetGrids();
        return scales;
    }

    public SumGrid Grid(int layer) => grids[layer];

    /// <summary>Whether the signals of this step are to be looked at, and the grids fitted after it.</summary>
    /// <param name="step">Optimizer updates before it.</param>
    public bool LooksAt(long step) => IsFixedPoint && (step % StepsBetweenLooks == 0 || (step < EarlySteps && BitOperations.IsPow2(step + 1)));

    public void SeeOutputs(int layer, float largest) => Largest[layer] = Math.Max(Largest[layer], largest);

    public void SeeGradients(int layer, float largest) => Largest[grids.Length + layer] = Math.Max(Largest[grids.Length + layer], largest);

    /// <summary>Fits the grids to what was seen in this step. They get coarser at once, but finer by one bit at a time: signals that are small for once grow again.</summary>
    /// <inheritdoc cref="LooksAt"/>
    public void Fit(long step)
    {
        for (var place = 0; place < Exponents.Length; place++)
        {
            // Where there was no signal the grid stays.
            if (Largest[place] is > 0 and < float.PositiveInfinity)
            {
                // Before the first fits a grid is a guess.
                var least = step < EarlySteps ? Finest : Exponents[place] - 1;
                Exponents[place] = Math.Clamp(Math.ILogB(8.0 * Largest[place]) + 2, Math.Max(least, Finest), Coarsest);
            }
        }

        Array.Clear(Largest);
        SetGrids();
    }

    private void SetGrids()
    {
        for (var layer = 0; IsFixedPoint && layer < grids.Length; layer++)
        {
            grids[layer] = SumGrid.Of(Exponents[layer], Exponents[grids.Length + layer]);
        }
    }
}
