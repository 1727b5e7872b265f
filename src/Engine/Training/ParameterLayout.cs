namespace SparseService.Engine.Training;

/// <summary>All parameters of a network one after the other, each layer's weights and then its biases, each beginning at a cache line. The first line
/// is free for whoever sends them.</summary>
internal sealed unsafe class ParameterLayout : IEquatable<ParameterLayout>
{
    /// <summary>Numbers before the first parameter.</summary>
    public const long HeaderLength = CacheLine;

    private const long CacheLine = 16;

    private ParameterLayout((long Start, long Length)[] weights, (long Start, long Length)[] biases, long length) =>
        (Weights, Biases, Length) = (weights, biases, length);

    /// <summary>What a part's numbers are read from or written to.</summary>
    /// <param name="values">Weights or biases.</param>
    /// <param name="state0">The optimizer's first slot for them.</param>
    /// <param name="state1">The second, or null.</param>
    /// <param name="place">Of the first of them in the layout.</param>
    public delegate void Visit(float* values, float* state0, float* state1, long place, long count);

    /// <summary>Per layer.</summary>
    public IReadOnlyList<(long Start, long Length)> Weights { get; }

    /// <summary>Per layer.</summary>
    public IReadOnlyList<(long Start, long Length)> Biases { get; }

    /// <summary>Numbers in all: the header, and what fills up cache lines, included.</summary>
    public long Length { get; }

    public static ParameterLayout Of(SparseNetwork network)
    {
        var (weights, biases) = (new (long, long)[network.Layers.Count], new (long, long)[network.Layers.Count]);
        var place = HeaderLength;
        foreach (var layer in network.Layers)
        {
            weights[layer.Index] = (place, layer.Weights.Nnz);
            place = Up(place + layer.Weights.Nnz);
            biases[layer.Index] = (place, layer.Weights.Rows);
            place = Up(place + layer.Weights.Rows);
        }

        return new ParameterLayout(weights, biases, place);
    }

    /// <summary>Where the part of one of several ranks begins, if all have about the same; of <paramref name="ranks"/> itself: the end.</summary>
    public long PartOf(int rank, int ranks) => rank == ranks ? Length : (long)((Int128)Length * rank / ranks / CacheLine * CacheLine);

    /// <summary>Visits the parameters that stand from <paramref name="from"/> to before <paramref name="to"/>.</summary>
    public void ForEach(SparseNetwork network, long from, long to, Visit visit)
    {
        foreach (var layer in network.Layers)
        {
            if (Cut(Weights[layer.Index], from, to, out var first, out var place, out var count))
            {
                var second = layer.Connections.State.ElementAtOrDefault(1);
                visit(
                    layer.Weights.Values.Pointer + first, layer.Connections.State[0].Pointer + first,
                    second is null ? null : second.Pointer + first, place, count);
            }

            if (Cut(Biases[layer.Index], from, to, out first, out place, out count))
            {
                fixed (float* values = layer.Bias, state0 = layer.BiasState[0], state1 = layer.BiasState.ElementAtOrDefault(1))
                {
                    visit(values + first, state0 + first, state1 == null ? null : state1 + first, place, count);
                }
            }
        }

        GC.KeepAlive(network);
    }

    /// <summary>Copies parameters into the layout.</summary>
    public void Pack(SparseNetwork network, float* flat, long from, long to) =>
        ForEach(network, from, to, (values, _, _, place, count) => Copy(values, flat + place, count));

    /// <summary>Copies parameters out of the layout.</summary>
    public void Unpack(float* flat, SparseNetwork network, long from, long to) =>
        ForEach(network, from, to, (values, _, _, place, count) => Copy(flat + place, values, count));

    public bool Equals(ParameterLayout? other) => other is not null && Weights.SequenceEqual(other.Weights) && Biases.SequenceEqual(other.Biases);

    public override bool Equals(object? obj) => Equals(obj as ParameterLayout);

    public override int GetHashCode() => Length.GetHashCode();

    public static bool operator ==(ParameterLayout one, ParameterLayout other) => one.Equals(other);

    public static bool operator !=(ParameterLayout one, ParameterLayout other) => !one.Equals(other);

    internal static void Copy(float* from, float* to, long count) => Buffer.MemoryCopy(from, to, count * sizeof(float), count * sizeof(float));

    private static bool Cut((long Start, long Length) part, long from, long to, out long first, out long place, out long count)
    {
        place = Math.Max(part.Start, from);
        first = place - part.Start;
        count = Math.Min(part.Start + part.Length, to) - place;
        return count > 0;
    }

    private static long Up(long place) => (place + CacheLine - 1) / CacheLine * CacheLine;
}
