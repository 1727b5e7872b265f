using SparseService.Engine.Kernels;

namespace SparseService.Engine.Inference;

/// <summary>
/// One layer for inference: y = min(cap, max(0, W·x + b)), W in compressed sparse rows with 16-bit columns: 6 bytes per connection. Row = output
/// neuron, column = input neuron.
/// </summary>
public sealed unsafe class CompactLayer : IDisposable
{
    /// <summary>Most input neurons.</summary>
    public const int MostColumns = 1 << 16;

    private const int BlockNeurons = 64;

    /// <param name="inputs">Input neurons, at most <see cref="MostColumns"/>.</param>
    /// <param name="offsets">Length outputs + 1, ascending from 0 to the number of connections.</param>
    /// <param name="columns">One per connection, below <paramref name="inputs"/>, strictly ascending inside a row.</param>
    /// <param name="values">One per connection, finite.</param>
    /// <param name="bias">One per output, finite.</param>
    /// <param name="cap">Largest output, above 0.</param>
    /// <exception cref="ArgumentException">Names the array, the value and what is allowed. The arrays are copied.</exception>
    public CompactLayer(
        int inputs, ReadOnlySpan<int> offsets, ReadOnlySpan<ushort> columns, ReadOnlySpan<float> values, ReadOnlySpan<float> bias, float cap)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputs);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(inputs, MostColumns);
        if (!(cap > 0))
        {
            throw new ArgumentOutOfRangeException(nameof(cap), cap, "Allowed: above 0");
        }

        Check(inputs, offsets, columns, values, bias);
        (Inputs, Outputs, Cap) = (inputs, bias.Length, cap);
        Offsets = new DeviceBuffer<int>(offsets);
        Places = new DeviceBuffer<ushort>(columns);
        foreach (ref var place in Places.Span)
        {
            place = (ushort)Place(place, inputs);
        }

        Values = new DeviceBuffer<float>(values);
        Bias = new DeviceBuffer<float>(bias);
        KeepsZero = bias.IndexOfAnyExceptInRange(float.NegativeInfinity, 0f) < 0;
    }

    /// <summary>Input neurons.</summary>
    public int Inputs { get; }

    /// <summary>Output neurons.</summary>
    public int Outputs { get; }

    /// <summary>Largest output.</summary>
    public float Cap { get; }

    /// <summary>Whether an input that is all 0 gives an output that is all 0: no bias is above 0.</summary>
    public bool KeepsZero { get; }

    /// <summary>Stored connections.</summary>
    public long Nnz => Places.Length;

    /// <summary>Memory of connections, offsets and biases.</summary>
    public long Bytes => (Nnz * 6) + (Outputs * 8L);

    internal DeviceBuffer<int> Offsets { get; }

    /// <summary>Of each connection's input neuron, where its activations stand.</summary>
    internal DeviceBuffer<ushort> Places { get; }

    internal DeviceBuffer<float> Values { get; }

    internal DeviceBuffer<float> Bias { get; }

    /// <summary>
    /// Where a neuron's activations stand among those of its layer: each block of 64 neurons begins one place later than the one before, around. Networks
    /// made by rule connect neurons that are a power of two apart, whose rows would otherwise all compete for the same few lines of a cache.
    /// </summary>
    internal static int Place(int neuron, int neurons)
    {
        var block = neuron & ~(BlockNeurons - 1);
        return block + BlockNeurons > neurons ? neuron : block | ((neuron + (neuron / BlockNeurons)) & (BlockNeurons - 1));
    }

    /// <summary>The neuron whose activations stand at a place.</summary>
    internal static int Neuron(int place, int neurons)
    {
        var block = place & ~(BlockNeurons - 1);
        return block + BlockNeurons > neurons ? place : block | ((place - (place / BlockNeurons)) & (BlockNeurons - 1));
    }

    /// <summary>The input neuron of a connection.</summary>
    internal int Column(long k) => Neuron(Places[k], Inputs);

    public void Dispose()
    {
        Offsets.Dispose();
        Places.Dispose();
        Values.Dispose();
        Bias.Dispose();
    }

    private static void Check(
        int inputs, ReadOnlySpan<int> offsets, ReadOnlySpan<ushort> columns, ReadOnlySpan<float> values, ReadOnlySpan<float> bias)
    {
        if (offsets.Length != bias.Length + 1 || offsets[0] != 0 || offsets[^1] != columns.Length || values.Length != columns.Length)
        {
            throw new ArgumentException(
                $"{offsets.Length} offsets, {columns.Length} columns, {values.Length} values, {bias.Length} biases; allowed: an offset more than"
                + " biases, from 0 to the number of columns, which is that of the values",
                nameof(offsets));
        }

        for (var row = 0; row < bias.Length; row++)
        {
            if (offsets[row] > offsets[row + 1] || offsets[row + 1] > columns.Length)
            {
                throw new ArgumentException($"Row {row} goes from {offsets[row]} to {offsets[row + 1]}; allowed: ascending", nameof(offsets));
            }

            for (var k = offsets[row]; k < offsets[row + 1]; k++)
            {
                if (columns[k] >= inputs || (k > offsets[row] && columns[k] <= columns[k - 1]))
                {
                    throw new ArgumentException(
                        $"Row {row} has column {columns[k]}; allowed: 0 to {inputs - 1}, strictly ascending in a row", nameof(columns));
                }
            }
        }

        RequireFinite(values, nameof(values));
        RequireFinite(bias, nameof(bias));
    }

    private static void RequireFinite(ReadOnlySpan<float> numbers, string name)
    {
        foreach (var number in numbers)
        {
            if (!float.IsFinite(number))
            {
                throw new ArgumentException($"{name} holds {number}; allowed: finite numbers", name);
            }
        }
    }
}
