namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>Makes a hypergraph net by net; nets with the same pins become one.</summary>
internal sealed class HypergraphBuilder
{
    private readonly List<int> pins;
    private readonly List<int> netStarts = [0];
    private readonly List<int> weights = [];
    private readonly List<int> firstOwners = []; // of each net, an index into owners; -1: none
    private readonly List<(int Part, int Weight, int Next)> owners = [];
    private readonly Dictionary<ulong, int> newestWithHash = [];
    private readonly List<int> olderWithHash = [];
    private readonly int[] seen;
    private int stamp = 1;

    /// <param name="mostPins">A guess saves memory.</param>
    public HypergraphBuilder(int vertices, int mostPins = 0)
    {
        Work = new long[vertices];
        seen = new int[vertices];
        pins = new List<int>(mostPins);
    }

    /// <summary>Of each vertex.</summary>
    public long[] Work { get; }

    /// <summary>A vertex of the net that is being made; below 0 is none. Repetitions are passed over.</summary>
    public void AddPin(int vertex)
    {
        if (vertex >= 0 && seen[vertex] != stamp)
        {
            seen[vertex] = stamp;
            pins.Add(vertex);
        }
    }

    /// <summary>Ends a net. One that cannot be cut, because it has no pin, or one and no owner, is passed over.</summary>
    public void EndNet(int weight, ReadOnlySpan<int> ownerParts, ReadOnlySpan<int> ownerWeights)
    {
        var start = netStarts[^1];
        stamp++;
        if (pins.Count - start < (ownerParts.Length > 0 ? 1 : 2))
        {
            pins.RemoveRange(start, pins.Count - start);
            return;
        }

        var net = SameAsNew(start);
        if (net < 0)
        {
            net = weights.Count;
            weights.Add(0);
            firstOwners.Add(-1);
            netStarts.Add(pins.Count);
        }

        weights[net] += weight;
        for (var o = 0; o < ownerParts.Length; o++)
        {
            AddOwner(net, ownerParts[o], ownerWeights[o]);
        }
    }

    public Hypergraph Build()
    {
        var (starts, parts, partWeights) = (new int[weights.Count + 1], new List<int>(owners.Count), new List<int>(owners.Count));
        for (var net = 0; net < weights.Count; net++)
        {
            for (var owner = firstOwners[net]; owner >= 0; owner = owners[owner].Next)
            {
                parts.Add(owners[owner].Part);
                partWeights.Add(owners[owner].Weight);
            }

            starts[net + 1] = parts.Count;
        }

        return Hypergraph.From([.. netStarts], [.. pins], [.. weights], starts, [.. parts], [.. partWeights], Work);
    }

    private void AddOwner(int net, int part, int weight)
    {
        for (var owner = firstOwners[net]; owner >= 0; owner = owners[owner].Next)
        {
            if (owners[owner].Part == part)
            {
                owners[owner] = owners[owner] with { Weight = owners[owner].Weight + weight };
                return;
            }
        }

        owners.Add((part, weight, firstOwners[net]));
        firstOwners[net] = owners.Count - 1;
    }

    // The net with the pins that stand behind all nets, or -1; they are then sorted and stay, or are taken away.
    private int SameAsNew(int start)
    {
        var added = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(pins)[start..];
        added.Sort();
        var hash = (ulong)added.Length;
        foreach (var pin in added)
        {
            hash = RandomStream.Mix(hash ^ (uint)pin);
        }

        var older = newestWithHash.GetValueOrDefault(hash, -1);
        for (var net = older; net >= 0; net = olderWithHash[net])
        {
            if (System.Runtime.InteropServices.CollectionsMarshal.AsSpan(pins)[netStarts[net]..netStarts[net + 1]].SequenceEqual(added))
            {
                pins.RemoveRange(start, pins.Count - start);
                return net;
            }
        }

        newestWithHash[hash] = weights.Count;
        olderWithHash.Add(older);
        return -1;
    }
}
