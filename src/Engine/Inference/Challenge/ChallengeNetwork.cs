using SparseService.Engine.Topology;

namespace SparseService.Engine.Inference.Challenge;

/// <summary>Where a network's connections come from.</summary>
public enum ChallengeKind
{
    /// <summary>The Graph Challenge's own: RadiX-Nets, all weights 1/16, every 16 neurons of a layer the same.</summary>
    Official,

    /// <summary>As large, but 32 distinct inputs drawn for each neuron and a weight for each connection.</summary>
    Random,
}

/// <summary>A network of the Sparse DNN Graph Challenge, or one of the same size: 32 inputs per neuron, y = min(32, max(0, W·x + b)).</summary>
/// <param name="Neurons">Of each layer, one of <see cref="RadixNet.Sizes"/>.</param>
/// <param name="Layers">1 to <see cref="RadixNet.MostLayers"/>.</param>
/// <param name="Kind">Where its connections come from.</param>
/// <param name="Seed">Of the random kind.</param>
public sealed record ChallengeNetwork(int Neurons, int Layers, ChallengeKind Kind = ChallengeKind.Official, ulong Seed = 1)
{
    /// <summary>Largest activation.</summary>
    public const float Cap = 32;

    // Random weights are multiples of 1/1024 around 1/16, so that sums of them can be exact.
    private const int WeightUnits = 1024;
    private const int LeastWeight = 32;
    private const int MostWeight = 96;

    /// <summary>Of every neuron.</summary>
    public float Bias => BiasOf(Neurons);

    /// <summary>Connections.</summary>
    public long Edges => (long)Neurons * RadixNet.FanIn * Layers;

    /// <summary>Memory of all layers at once.</summary>
    public long Bytes => Layers * ((Neurons * RadixNet.FanIn * 6L) + (Neurons * 8L));

    /// <summary>Multiply-adds that the challenge's rate counts for so many inputs, though nearly all inputs die early.</summary>
    public double Work(int inputs) => (double)Edges * inputs;

    /// <summary>The challenge's bias for a size.</summary>
    public static float BiasOf(int neurons) => neurons switch
    {
        1024 => -0.30f,
        4096 => -0.35f,
        16384 => -0.40f,
        65536 => -0.45f,
        _ => throw new ArgumentOutOfRangeException(nameof(neurons), neurons, $"Allowed: {string.Join(", ", RadixNet.Sizes)}"),
    };

    /// <summary>Makes the layers, each when it is asked for; whoever takes them frees them.</summary>
    public IEnumerable<CompactLayer> Make()
    {
        var offsets = Enumerable.Range(0, Neurons + 1).Select(row => row * RadixNet.FanIn).ToArray();
        var bias = new float[Neurons];
        Array.Fill(bias, Bias);
        var values = new float[Neurons * RadixNet.FanIn];
        Array.Fill(values, RadixNet.Weight);
        var patterns = Kind == ChallengeKind.Official ? RadixNet.Columns(Neurons, Layers) : Enumerable.Range(0, Layers).Select(Draw);
        foreach (var (layer, columns) in patterns.Index())
        {
            if (Kind == ChallengeKind.Random)
            {
                DrawWeights(layer, values);
            }

            yield return new CompactLayer(Neurons, offsets, columns, values, bias, Cap);
        }
    }

    private ushort[] Draw(int layer)
    {
        var stream = RandomStream.For(Seed, RandomPurpose.Topology, 0, layer);
        var columns = new ushort[Neurons * RadixNet.FanIn];
        var k = 0;
        for (var row = 0; row < Neurons; row++)
        {
            var inputs = RandomCells.Distinct(Neurons, RadixNet.FanIn, ref stream);
            while (inputs.Next(out var input))
            {
                columns[k++] = (ushort)input;
            }
        }

        return columns;
    }

    private void DrawWeights(int layer, float[] values)
    {
        var stream = RandomStream.For(Seed, RandomPurpose.Weights, 0, layer);
        foreach (ref var value in values.AsSpan())
        {
            value = (float)(LeastWeight + stream.NextBelow(MostWeight - LeastWeight + 1)) / WeightUnits;
        }
    }
}
