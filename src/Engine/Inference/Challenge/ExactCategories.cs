using System.Numerics;

namespace SparseService.Engine.Inference.Challenge;

/// <summary>
/// Which inputs survive, by whole numbers alone: every activation is held between two fixed-point numbers that are rounded away from each other,
/// so what both say is true of the real numbers. Inputs of which the bounds do not say are done again without any rounding. Shares nothing with <see cref="SparseInference"/>; it is the judge of its categories.
/// </summary>
/// <remarks>
/// Two facts save most of the work, and both are looked up, not assumed. Neurons of a layer with the same connections and bias have the same
/// activation: one of them is computed. And once all activations of an input are at the cap, it goes the way of the input that is all cap, which is
/// computed once.
/// </remarks>
public sealed class ExactCategories
{
    private const int PartLayers = 16;
    private const long PartBytes = 64 << 20;

    private readonly int threads;
    private readonly object gate = new();

    // Inputs whose activations are all at the cap after the last layer, and the others that may live.
    private List<int> full = [];
    private List<Bounds> left = [];

    // Of the part before.
    private ExactLayer? last;

    private ExactCategories(int threads) => this.threads = threads;

    /// <summary>The inputs whose last output is not all 0, ascending from 0.</summary>
    /// <param name="open">Gives a feed that nobody has taken from, each time it is called; weights are multiples of 2⁻²⁰, no bias is above 0, caps are
    /// whole numbers.</param>
    /// <param name="inputs">At least as wide as the first layer's input.</param>
    /// <param name="threads">0 = one per processor. Does not change the result.</param>
    /// <exception cref="ArgumentException">A weight or cap that fixed point does not hold, or a bias above 0.</exception>
    public static int[] Of(Func<LayerFeed> open, BitRows inputs, int threads = 0)
    {
        var run = new ExactCategories(threads);
        using (var layers = open())
        {
            run.RunAll(layers, inputs);
        }

        var survivors = run.full.Concat(run.left.Where(IsAlive).Select(one => one.Input));
        int[] unsure = [.. run.left.Where(one => !IsAlive(one)).Select(one => one.Input)];
        if (unsure.Length > 0)
        {
            using var layers = open();
            survivors = survivors.Concat(WithoutRounding(layers, inputs, unsure));
        }

        return [.. survivors.Order()];
    }

    private static int[] WithoutRounding(LayerFeed layers, BitRows inputs, int[] unsure)
    {
        var one = BigInteger.One << ExactLayer.BiasBits;
        var (bits, last) = (ExactLayer.BiasBits, default(ExactLayer));
        var activations = unsure.Select(input => Enumerable.Range(0, layers.Inputs)
            .Select(feature => inputs[input, feature] ? one : BigInteger.Zero).ToArray()).ToArray();
        int[] pixels = [.. Enumerable.Range(0, layers.Inputs)];
        for (var part = layers.Take(1, 0); part.Count > 0; part = layers.Take(1, 0))
        {
            last = new ExactLayer(part[0], last?.Classes ?? pixels, last?.Count ?? layers.Inputs);
            layers.GiveBack(part);
            var before = bits;
            for (var index = 0; index < unsure.Length; index++)
            {
                bits = before;
                activations[index] = last.Apply(activations[index], ref bits);
            }
        }

        return [.. unsure.Where((_, index) => activations[index].Any(activation => !activation.IsZero))];
    }

    private void RunAll(LayerFeed layers, BitRows inputs)
    {
        var classes = Enumerable.Range(0, layers.Inputs).ToArray();
        left = [.. Enumerable.Range(0, inputs.Rows).Select(input => new Bounds(input, [], []))];
        for (var part = layers.Take(PartLayers, long.MaxValue); part.Count > 0; part = layers.Take(PartLayers, PartBytes))
        {
            var exact = new List<ExactLayer>();
            var before = last;
            foreach (var layer in part)
            {
                if (!layer.KeepsZero)
                {
                    throw new ArgumentException("A bias is above 0; allowed: at most 0", nameof(layers));
                }

                before = new ExactLayer(layer, before?.Classes ?? classes, before?.Count ?? layers.Inputs);
                exact.Add(before);
            }

            layers.GiveBack(part);
            Pass(exact, inputs);
            last = before;
        }
    }

    private static bool IsAlive(Bounds bounds) => bounds.Low.AsSpan().ContainsAnyExcept(0L);

    private void Pass(List<ExactLayer> layers, BitRows inputs)
    {
        var stays = StaysFull(last is null ? layers : [last, .. layers]);
        var before = left;
        left = [];
        if (!stays)
        {
            before.AddRange(full.Select(input => FullAfter(last!, input)));
            full = [];
        }

        System.Threading.Tasks.Parallel.For(
            0, before.Count, new ParallelOptions { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads },
            index => Pass(last is null ? Start(inputs, before[index].Input, layers[0]) : before[index], layers, stays));
    }

    private void Pass(Bounds bounds, List<ExactLayer> layers, bool stays)
    {
        var (low, high) = (bounds.Low, bounds.High);
        var bits = last?.Bits ?? layers[0].Bits;
        foreach (var layer in layers)
        {
            (low, high) = (Rescaled(low, layer.Bits - bits, up: false), Rescaled(high, layer.Bits - bits, up: true));
            bits = layer.Bits;
            var (outLow, outHigh) = (new long[layer.Count], new long[layer.Count]);
            var (isFull, mayLive) = layer.Apply(low, high, outLow, outHigh);
            if (!mayLive)
            {
                return;
            }

            if (isFull && stays)
            {
                lock (gate)
                {
                    full.Add(bounds.Input);
                }

                return;
            }

            (low, high) = (outLow, outHigh);
        }

        lock (gate)
        {
            left.Add(new Bounds(bounds.Input, low, high));
        }
    }

    private static Bounds FullAfter(ExactLayer layer, int input)
    {
        var activations = new long[layer.Count];
        Array.Fill(activations, layer.Cap);
        return new Bounds(input, activations, activations);
    }

    // Whether an input that is full after one of these layers is full after the next one.
    private static bool StaysFull(List<ExactLayer> layers)
    {
        for (var index = 1; index < layers.Count; index++)
        {
            var layer = layers[index];
            var activations = Rescaled(FullAfter(layers[index - 1], 0).Low, layer.Bits - layers[index - 1].Bits, up: false);
            var (low, high) = (new long[layer.Count], new long[layer.Count]);
            if (!layer.Apply(activations, activations, low, high).Full)
            {
                return false;
            }
        }

        return true;
    }

    private static Bounds Start(BitRows inputs, int input, ExactLayer layer)
    {
        var activations = new long[inputs.Width];
        for (var feature = 0; feature < inputs.Width; feature++)
        {
            activations[feature] = inputs[input, feature] ? 1L << layer.Bits : 0;
        }

        return new Bounds(input, activations, activations);
    }

    private static long[] Rescaled(long[] numbers, int shift, bool up) => shift switch
    {
        0 => numbers,
        > 0 => Array.ConvertAll(numbers, number => number << shift),
        _ => Array.ConvertAll(numbers, number => up ? (number + (1L << -shift) - 1) >> -shift : number >> -shift),
    };

    /// <summary>An input and the bounds of the activations of its last layer's different neurons.</summary>
    private sealed record Bounds(int Input, long[] Low, long[] High);
}
