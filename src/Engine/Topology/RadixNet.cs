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

    /// <summary>The first layers of a network, all at once.</summary>
    /// <param name="neurons">One of <see cref="Sizes"/>.</param>
    /// <param name="count">1 to <see cref="MostLayers"/>.</param>
    public static CsrMatrix[] Layers(int neurons, int count) =>
    [
        .. Columns(neurons, count).Select(columns =>
        {
            var offsets = new long[neurons + 1];
            for (var output = 0; output < neurons; output++)
            {
                offsets[output + 1] = offsets[output] + FanIn;
            }

            var values = new float[columns.Length];
            values.AsSpan().Fill(Weight);
            return new CsrMatrix(neurons, neurons, offsets, Array.ConvertAll(columns, column => (int)column), values);
        }),
    ];

    /// <summary>The first layers of a network, one after the other: each is made when it is asked for.</summary>
    /// <param name="neurons">One of <see cref="Sizes"/>.</param>
    /// <param name="count">1 to <see cref="MostLayers"/>.</param>
    /// <returns>Of each layer the inputs of output 0, ascending, then those of output 1, and so on: neurons·<see cref="FanIn"/>.</returns>
    public static IEnumerable<ushort[]> Columns(int neurons, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MostLayers);
        if (!Sizes.Contains(neurons))
        {
            throw new ArgumentOutOfRangeException(nameof(neurons), neurons, $"Allowed: {string.Join(", ", Sizes)}");
        }

        return Draw(neurons, count);
    }

    private static IEnumerable<ushort[]> Draw(int neurons, int count)
    {
        var group = GroupLength(neurons);
        var random = new MersenneTwister(MersenneTwister.DefaultSeed);
        random.Skip(2 * Sizes.TakeWhile(size => size < neurons).Sum(size => (long)size * ((MostLayers / GroupLength(size)) - 1)));
        var places = Enumerable.Range(0, neurons).ToArray(); // the first group is not permuted
        for (var layer = 0; layer < count; layer++)
        {
            if (layer > 0 && layer % group == 0)
            {
                places = Permutation(neurons, random);
            }

            yield return Layer(neurons, stride: 1 << (layer % group), places);
        }
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

    // Output j reads the places of all inputs whose residue is that of j or of j + stride: so do all outputs of j's residue.
    private static ushort[] Layer(int neurons, int stride, int[] places)
    {
        var residues = neurons / Copies;
        var columns = new ushort[neurons * FanIn];
        var once = columns.AsSpan(0, residues * FanIn);
        for (var output = 0; output < residues; output++)
        {
            var row = once.Slice(output * FanIn, FanIn);
            for (var copy = 0; copy < Copies; copy++)
            {
                row[2 * copy] = (ushort)places[(copy * residues) + output];
                row[(2 * copy) + 1] = (ushort)places[(copy * residues) + ((output + stride) % residues)];
            }

            row.Sort();
        }

        for (var copy = 1; copy < Copies; copy++)
        {
            once.CopyTo(columns.AsSpan(copy * once.Length));
        }

        return columns;
    }
}
