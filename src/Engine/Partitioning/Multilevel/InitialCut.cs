namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>First cuts of a small hypergraph into two, to be refined: by chance, by growing one side from a vertex, by where values live.</summary>
internal static class InitialCut
{
    /// <param name="kind">From 0; each gives another cut.</param>
    public static int[] Of(Hypergraph graph, long[] limits, int kind, ref RandomStream stream)
    {
        var order = Enumerable.Range(0, graph.Vertices).ToArray();
        stream.Shuffle(order.AsSpan());
        return (kind % 3) switch
        {
            0 => Grown(graph, limits, order),
            1 => ByKeys(graph, limits, order, OwnerLean(graph)),
            _ => ByKeys(graph, limits, order, new long[graph.Vertices]),
        };
    }

    // Side 0 takes vertices by their lean until it has its share of the work.
    private static int[] ByKeys(Hypergraph graph, long[] limits, int[] order, long[] lean)
    {
        var sides = new int[graph.Vertices];
        var share = (double)graph.TotalWork * limits[0] / Math.Max(1, limits[0] + limits[1]);
        var load = 0L;
        foreach (var vertex in order.OrderBy(vertex => lean[vertex]))
        {
            var work = graph.Work[vertex];
            sides[vertex] = load + work <= limits[0] && load + (work / 2) <= share ? 0 : 1;
            load += sides[vertex] == 0 ? work : 0;
        }

        return sides;
    }

    // How much less it costs a vertex to be in side 1.
    private static long[] OwnerLean(Hypergraph graph)
    {
        var lean = new long[graph.Vertices];
        for (var net = 0; net < graph.Nets; net++)
        {
            var difference = graph.PresenceCost(net, 0) - graph.PresenceCost(net, 1);
            foreach (var pin in graph.PinsOf(net))
            {
                lean[pin] += difference;
            }
        }

        return lean;
    }

    // From one vertex: side 0 takes whoever it costs least.
    private static int[] Grown(Hypergraph graph, long[] limits, int[] order)
    {
        var sides = new int[graph.Vertices];
        sides.AsSpan().Fill(1);
        var state = new CutState(graph, sides, limits);
        var share = (double)graph.TotalWork * limits[0] / Math.Max(1, limits[0] + limits[1]);
        var heap = new VertexHeap(graph.Vertices);
        var touched = new List<int>();
        foreach (var vertex in order)
        {
            heap.Set(vertex, state.Gain(vertex, 0));
        }

        var next = order.Length > 0 ? order[0] : -1;
        while (next >= 0 && state.Loads[0] < share)
        {
            heap.Remove(next);
            if (state.Loads[0] + graph.Work[next] <= limits[0])
            {
                touched.Clear();
                state.Move(next, 0, touched);
                foreach (var neighbour in touched)
                {
                    if (sides[neighbour] == 1)
                    {
                        heap.Set(neighbour, state.Gain(neighbour, 0));
                    }
                }
            }

            next = heap.Top;
        }

        return sides;
    }
}
