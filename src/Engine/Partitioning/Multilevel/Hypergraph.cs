namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>
/// What a layer's partition is chosen on. Vertices (rows, or clusters of them) have work; nets (columns, or several with the same pins) join those that need
/// the same value. A net that has pins in the parts Λ costs the sum over Λ of <see cref="PresenceCost"/>: its weight, less what of it lives in the part
/// anyway. Up to a constant that is λ − 1 with the owner of the value as a fixed pin, so no fixed vertices are needed, and nets with the same pins and
/// different owners are one net.
/// </summary>
internal sealed class Hypergraph
{
    private Hypergraph(
        int[] netStarts, int[] pins, int[] netWeights, int[] ownerStarts, int[] ownerParts, int[] ownerWeights, long[] work)
    {
        (NetStarts, Pins, NetWeights) = (netStarts, pins, netWeights);
        (OwnerStarts, OwnerParts, OwnerWeights, Work) = (ownerStarts, ownerParts, ownerWeights, work);
        (VertexStarts, NetsOf) = ByVertex(netStarts, pins, work.Length);
        TotalWork = work.Sum();
    }

    public int Vertices => Work.Length;

    public int Nets => NetWeights.Length;

    /// <summary>Where the pins of each net begin; length Nets + 1.</summary>
    public int[] NetStarts { get; }

    /// <summary>Vertices of the nets, each at most once in a net.</summary>
    public int[] Pins { get; }

    public int[] NetWeights { get; }

    /// <summary>Where the owners of each net begin; length Nets + 1.</summary>
    public int[] OwnerStarts { get; }

    /// <summary>Parts that values of a net live in, each at most once for a net.</summary>
    public int[] OwnerParts { get; }

    /// <summary>How much of the net's weight lives there.</summary>
    public int[] OwnerWeights { get; }

    /// <summary>Where the nets of each vertex begin; length Vertices + 1.</summary>
    public int[] VertexStarts { get; }

    public int[] NetsOf { get; }

    /// <summary>Of each vertex: connections.</summary>
    public long[] Work { get; }

    public long TotalWork { get; }

    /// <summary>Of a net that has a pin in a part.</summary>
    public int PresenceCost(int net, int part)
    {
        for (var o = OwnerStarts[net]; o < OwnerStarts[net + 1]; o++)
        {
            if (OwnerParts[o] == part)
            {
                return NetWeights[net] - OwnerWeights[o];
            }
        }

        return NetWeights[net];
    }

    public ReadOnlySpan<int> PinsOf(int net) => Pins.AsSpan(NetStarts[net]..NetStarts[net + 1]);

    public ReadOnlySpan<int> NetsAt(int vertex) => NetsOf.AsSpan(VertexStarts[vertex]..VertexStarts[vertex + 1]);

    /// <summary>The same with other owners: part p becomes <paramref name="place"/>(p); below 0 it is none of this hypergraph's.</summary>
    public Hypergraph WithOwners(Func<int, int> place) => WithOwners(OwnersAt(place));

    /// <summary>The vertices with the given mark and their part of the nets.</summary>
    /// <param name="marks">One per vertex.</param>
    /// <param name="place">As of <see cref="WithOwners(Func{int, int})"/>.</param>
    /// <param name="vertices">Which vertices they are.</param>
    public Hypergraph Select(int[] marks, int mark, Func<int, int> place, out int[] vertices)
    {
        var names = new int[Vertices];
        var count = 0;
        for (var vertex = 0; vertex < Vertices; vertex++)
        {
            names[vertex] = marks[vertex] == mark ? count++ : -1;
        }

        vertices = new int[count];
        for (var vertex = 0; vertex < Vertices; vertex++)
        {
            if (names[vertex] >= 0)
            {
                vertices[names[vertex]] = vertex;
            }
        }

        return WithOwners(OwnersAt(place)).Merge(names, count);
    }

    /// <summary>Puts vertices together.</summary>
    /// <param name="clusters">The cluster of each vertex; below 0: left out.</param>
    public Hypergraph Merge(int[] clusters, int count)
    {
        var builder = new HypergraphBuilder(count, Pins.Length);
        for (var vertex = 0; vertex < Vertices; vertex++)
        {
            if (clusters[vertex] >= 0)
            {
                builder.Work[clusters[vertex]] += Work[vertex];
            }
        }

        for (var net = 0; net < Nets; net++)
        {
            foreach (var pin in PinsOf(net))
            {
                builder.AddPin(clusters[pin]);
            }

            builder.EndNet(
                NetWeights[net], OwnerParts.AsSpan(OwnerStarts[net]..OwnerStarts[net + 1]), OwnerWeights.AsSpan(OwnerStarts[net]..OwnerStarts[net + 1]));
        }

        return builder.Build();
    }

    internal static Hypergraph From(
        int[] netStarts, int[] pins, int[] netWeights, int[] ownerStarts, int[] ownerParts, int[] ownerWeights, long[] work) =>
        new(netStarts, pins, netWeights, ownerStarts, ownerParts, ownerWeights, work);

    private Hypergraph WithOwners((int[] Starts, int[] Parts, int[] Weights) owners) =>
        new(NetStarts, Pins, NetWeights, owners.Starts, owners.Parts, owners.Weights, Work);

    private (int[] Starts, int[] Parts, int[] Weights) OwnersAt(Func<int, int> place)
    {
        var (parts, weights) = (new List<int>(OwnerParts.Length), new List<int>(OwnerParts.Length));
        var starts = new int[Nets + 1];
        for (var net = 0; net < Nets; net++)
        {
            for (var o = OwnerStarts[net]; o < OwnerStarts[net + 1]; o++)
            {
                if (place(OwnerParts[o]) is >= 0 and var part)
                {
                    var same = parts.IndexOf(part, starts[net]);
                    if (same < 0)
                    {
                        parts.Add(part);
                        weights.Add(OwnerWeights[o]);
                    }
                    else
                    {
                        // Values that could live in either of two parts that are now one: they live there once.
                        weights[same] = Math.Min(NetWeights[net], weights[same] + OwnerWeights[o]);
                    }
                }
            }

            starts[net + 1] = parts.Count;
        }

        return (starts, [.. parts], [.. weights]);
    }

    private static (int[] Starts, int[] Nets) ByVertex(int[] netStarts, int[] pins, int vertices)
    {
        var starts = new int[vertices + 1];
        foreach (var pin in pins)
        {
            starts[pin + 1]++;
        }

        for (var vertex = 0; vertex < vertices; vertex++)
        {
            starts[vertex + 1] += starts[vertex];
        }

        var (next, nets) = (starts[..vertices], new int[pins.Length]);
        for (var net = 0; net + 1 < netStarts.Length; net++)
        {
            for (var k = netStarts[net]; k < netStarts[net + 1]; k++)
            {
                nets[next[pins[k]]++] = net;
            }
        }

        return (starts, nets);
    }
}
