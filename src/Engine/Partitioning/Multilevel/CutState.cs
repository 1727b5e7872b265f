namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>
/// An assignment of vertices to parts with the gain of every move at hand: gain(v → b) = exit(v) − entry(v, b), where exit(v) adds up the presence costs of
/// v's nets that have no other pin in v's part, and entry(v, b) those of v's nets that have none in b. O((vertices + nets)·parts) memory.
/// </summary>
internal sealed class CutState
{
    private readonly Hypergraph graph;
    private readonly int parts;
    private readonly int[] counts;
    private readonly int[] entry;
    private readonly int[] exit;

    /// <param name="assignment">Taken over; the part of each vertex.</param>
    /// <param name="limits">Most work of each part.</param>
    public CutState(Hypergraph graph, int[] assignment, long[] limits)
    {
        (this.graph, Assignment, Limits, parts) = (graph, assignment, limits, limits.Length);
        counts = new int[graph.Nets * parts];
        entry = new int[graph.Vertices * parts];
        exit = new int[graph.Vertices];
        Loads = new long[parts];
        CountAll();
    }

    public Hypergraph Graph => graph;

    public int Parts => parts;

    public int[] Assignment { get; }

    public long[] Limits { get; }

    /// <summary>Work of each part.</summary>
    public long[] Loads { get; }

    /// <summary>Sum over nets and their parts of the presence costs.</summary>
    public long Cost { get; private set; }

    /// <summary>Work beyond the limits, added up.</summary>
    public long Overload
    {
        get
        {
            var sum = 0L;
            for (var part = 0; part < parts; part++)
            {
                sum += Math.Max(0, Loads[part] - Limits[part]);
            }

            return sum;
        }
    }

    /// <summary>Entries that the tables of a state take.</summary>
    public static long SizeOf(Hypergraph graph, int parts) => ((long)graph.Nets + graph.Vertices) * parts;

    /// <summary>What the cost falls by when the vertex goes to another part.</summary>
    public int Gain(int vertex, int part) => exit[vertex] - entry[(vertex * parts) + part];

    /// <summary>What entering each part costs the vertex.</summary>
    public ReadOnlySpan<int> Entries(int vertex) => entry.AsSpan(vertex * parts, parts);

    /// <summary>Exact gain of two vertices of different parts changing places.</summary>
    public int SwapGain(int first, int second, int[] stamps, int stamp)
    {
        var (a, b) = (Assignment[first], Assignment[second]);
        var gain = Gain(first, b) + Gain(second, a);
        foreach (var net in graph.NetsAt(first))
        {
            stamps[net] = stamp;
        }

        // A net of both stays where it is; each of the two gains counts it as left when the other one's part has no other pin.
        foreach (var net in graph.NetsAt(second))
        {
            if (stamps[net] == stamp)
            {
                gain -= counts[(net * parts) + a] == 1 ? graph.PresenceCost(net, a) : 0;
                gain -= counts[(net * parts) + b] == 1 ? graph.PresenceCost(net, b) : 0;
            }
        }

        return gain;
    }

    /// <param name="touched">Gets the vertices whose gains changed, with repetitions.</param>
    public void Move(int vertex, int to, List<int>? touched = null)
    {
        var from = Assignment[vertex];
        Cost -= Gain(vertex, to);
        var stays = 0;
        foreach (var net in graph.NetsAt(vertex))
        {
            var pins = graph.PinsOf(net);
            var left = --counts[(net * parts) + from];
            if (left == 0)
            {
                AddEntry(pins, from, graph.PresenceCost(net, from), touched);
            }
            else if (left == 1)
            {
                AddExit(pins, from, vertex, graph.PresenceCost(net, from), touched);
            }

            var there = counts[(net * parts) + to]++;
            if (there == 0)
            {
                var cost = graph.PresenceCost(net, to);
                AddEntry(pins, to, -cost, touched);
                stays += cost;
            }
            else if (there == 1)
            {
                AddExit(pins, to, vertex, -graph.PresenceCost(net, to), touched);
            }
        }

        exit[vertex] = stays;
        Assignment[vertex] = to;
        Loads[from] -= graph.Work[vertex];
        Loads[to] += graph.Work[vertex];
    }

    private void AddEntry(ReadOnlySpan<int> pins, int part, int cost, List<int>? touched)
    {
        foreach (var pin in pins)
        {
            entry[(pin * parts) + part] += cost;
        }

        if (touched is not null && cost != 0)
        {
            touched.AddRange(pins);
        }
    }

    private void AddExit(ReadOnlySpan<int> pins, int part, int except, int cost, List<int>? touched)
    {
        foreach (var pin in pins)
        {
            if (Assignment[pin] == part && pin != except)
            {
                exit[pin] += cost;
                touched?.Add(pin);
                return;
            }
        }
    }

    private void CountAll()
    {
        for (var vertex = 0; vertex < graph.Vertices; vertex++)
        {
            Loads[Assignment[vertex]] += graph.Work[vertex];
        }

        var whole = new int[graph.Vertices];
        for (var net = 0; net < graph.Nets; net++)
        {
            foreach (var pin in graph.PinsOf(net))
            {
                counts[(net * parts) + Assignment[pin]]++;
                whole[pin] += graph.NetWeights[net];
            }
        }

        for (var vertex = 0; vertex < graph.Vertices; vertex++)
        {
            entry.AsSpan(vertex * parts, parts).Fill(whole[vertex]);
        }

        for (var net = 0; net < graph.Nets; net++)
        {
            CountNet(net, counts.AsSpan(net * parts, parts));
        }
    }

    private void CountNet(int net, ReadOnlySpan<int> inParts)
    {
        var pins = graph.PinsOf(net);
        for (var o = graph.OwnerStarts[net]; o < graph.OwnerStarts[net + 1]; o++)
        {
            if (inParts[graph.OwnerParts[o]] == 0)
            {
                AddEntry(pins, graph.OwnerParts[o], -graph.OwnerWeights[o], touched: null);
            }
        }

        // Each part that has pins is met at its first one.
        foreach (var pin in pins)
        {
            var part = Assignment[pin];
            if (inParts[part] == 1)
            {
                exit[pin] += graph.PresenceCost(net, part);
            }
        }

        for (var part = 0; part < parts; part++)
        {
            if (inParts[part] > 0)
            {
                AddEntry(pins, part, -graph.NetWeights[net], touched: null);
                Cost += graph.PresenceCost(net, part);
            }
        }
    }
}
