using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>
/// The networks of the Sparse Deep Neural Network Graph Challenge, bit by bit: RadiX-Nets (arXiv 1905.00416) of 32 inputs per neuron and 32 outputs per
/// neuron, whose later layers have their inputs permuted.
/// </summary>
public static class RadixNet
{
    /// <summary>Inputs of every neuron, and outputs.</summary>
    public const int FanIn = 32;

    /// <summary>Of every connection.</summary>
    public const float Weight = 1f / 16;

    /// <summary>Layers of the longest network of a size; the permutations of larger sizes come after all of these.</summary>
    public const int MostLayers = 1920;

    // All-ones blocks that widen the net of radices 2: neurons that have the same inputs.
    private const int Copies = 16;

    /// <summary>Widths that the challenge has.</summary>
    public static IReadOnlyList<int> Sizes { get; } = [1024, 4096, 16384, 65536];

    /// <summary>The first layers of a network.</summary>
    /// <param name="neurons">One of <see cref="Sizes"/>.</param>
    /// <param name="count">1 to <see cref="MostLayers"/>.</param>
    public static CsrMatrix[] Layers(int neurons, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MostLayers);
        if (!Sizes.Contains(neurons))
        {
            throw new ArgumentOutOfRangeException(nameof(neurons), neurons, $"Allowed: {string.Join(", ", Sizes)}");
        }

        var group = GroupLength(neurons);
        var random = new MersenneTwister(MersenneTwister.DefaultSeed);
        random.Skip(2 * Sizes.TakeWhile(size => size < neurons).Sum(size => (long)size * ((MostLayers / GroupLength(size)) - 1)));
        var places = Enumerable.Range(0, neurons).ToArray(); // the first group is not permuted
        var layers = new CsrMatrix[count];
        for (var layer = 0; layer < count; layer++)
        {
            if (layer > 0 && layer % group == 0)
            {
                places = Permutation(neurons, random);
            }

            layers[layer] = Layer(neurons, stride: 1 << (layer % group), places);
        }

        return layers;
    }

    // Radices are all 2, so a group has log2 of the residues many layers.
    private static int GroupLength(int neurons) => int.Log2(neurons / Copies);

    // The order that sorts as many random numbers, as MATLAB's randperm.
    private static int[] Permutation(int neurons, MersenneTwister random)
    {
        var keys = new double[neurons];
        for (var i = 0; i < neurons; i++)
        {
            keys[i] = random.NextDouble();
        }

        return [.. Enumerable.Range(0, neurons).OrderBy(i => keys[i])];
    }

    // Output j reads the places of all inputs whose residue is that of j or of j + stride.
    private static CsrMatrix Layer(int neurons, int stride, int[] places)
    {
        var residues = neurons / Copies;
        var offsets = new long[neurons + 1];
        var columns = new int[neurons * FanIn];
        for (var output = 0; output < neurons; output++)
        {
            var row = columns.AsSpan(output * FanIn, FanIn);
            for (var copy = 0; copy < Copies; copy++)
            {
                row[2 * copy] = places[(copy * residues) + (output % residues)];
                row[(2 * copy) + 1] = places[(copy * residues) + ((output + stride) % residues)];
            }

            row.Sort();
            offsets[output + 1] = offsets[output] + FanIn;
        }

        var values = new float[columns.Length];
        values.AsSpan().Fill(Weight);
        return new CsrMatrix(neurons, neurons, offsets, columns, values);
    }
}
