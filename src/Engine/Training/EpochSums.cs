namespace SparseService.Engine.Training;

/// <summary>What an epoch has added up so far; part of a checkpoint, so that a resumed epoch reports the same numbers.</summary>
internal sealed class EpochSums(int layers)
{
    private const int Fixed = 4;
    private readonly double[] values = new double[Fixed + layers];

    /// <param name="state">As <see cref="State"/> gave it.</param>
    public EpochSums(double[] state)
        : this(state.Length - Fixed) => state.CopyTo(values, 0);

    public double[] State => values;

    /// <summary>Place of <see cref="BiasGradientSquares"/> in <see cref="State"/>.</summary>
    public const int BiasSlot = 3;

    /// <summary>Place of a layer's <see cref="WeightGradientSquares"/> in <see cref="State"/>.</summary>
    public static int WeightSlot(int layer) => Fixed + layer;

    public static int Length(int layers) => Fixed + layers;

    public double Loss { get => values[0]; set => values[0] = value; }

    public double Correct { get => values[1]; set => values[1] = value; }

    public double Samples { get => values[2]; set => values[2] = value; }

    /// <summary>Σ over steps of the squared norm of all bias gradients.</summary>
    public double BiasGradientSquares { get => values[BiasSlot]; set => values[BiasSlot] = value; }

    /// <summary>Σ over steps of the squared norm of dW, per layer.</summary>
    public Span<double> WeightGradientSquares => values.AsSpan(Fixed);

    /// <summary>Σ over steps of the squared norm of the whole gradient.</summary>
    public double GradientSquares
    {
        get
        {
            var sum = BiasGradientSquares;
            foreach (var squares in WeightGradientSquares)
            {
                sum += squares;
            }

            return sum;
        }
    }

    /// <summary>Adds what a minibatch gave.</summary>
    public void Add(Kernels.LossResult loss, int samples)
    {
        Loss += loss.LossSum;
        Correct += loss.Correct;
        Samples += samples;
    }

    /// <summary>Adds another's sums.</summary>
    public void Add(EpochSums other) => System.Numerics.Tensors.TensorPrimitives.Add(values, other.values, values);

    public void Clear() => Array.Clear(values);
}
