namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>
/// Cuts a hypergraph into parts: coarsens it, cuts the coarsest one by recursive bisection, and refines directly among all parts on every
/// level of the way back. A function of its arguments.
/// </summary>
internal sealed class MultilevelCut(CutEffort effort, CancellationToken cancellation)
{
    // Tables of more entries are not made: the parts are then refined two by two only, as the recursion cuts them.
    private const long MostEntries = 1 << 25;

    private const int CoarsestOfTwo = 120;
    private const int InitialCuts = 8;

    /// <param name="limits">Most work of each part.</param>
    /// <returns>The part of each vertex. Limits may be broken where the packing is hard.</returns>
    public int[] Run(Hypergraph graph, long[] limits, RandomStream stream) => Cut(graph, limits, effort, ref stream);

    private int[] Cut(Hypergraph graph, long[] limits, CutEffort spent, ref RandomStream stream)
    {
        cancellation.ThrowIfCancellationRequested();
        var parts = limits.Length;
        if (parts == 1 || graph.Vertices == 0)
        {
            return new int[graph.Vertices];
        }

        if (parts == 2)
        {
            return Bisect(graph, limits, ref stream);
        }

        if (CutState.SizeOf(graph, parts) > MostEntries)
        {
            return Split(graph, limits, spent, ref stream);
        }

        var levels = Coarsen(graph, Math.Max(160, 4 * parts), limits, apart: null, ref stream);
        var assignment = Split(levels[^1].Graph, limits, spent with { Steps = spent.Steps / 4 }, ref stream);
        for (var level = levels.Count - 1; level >= 0; level--)
        {
            assignment = level < levels.Count - 1 ? Project(assignment, levels[level + 1].Clusters!) : assignment;
            Refine(levels[level].Graph, assignment, limits, spent, ref stream);
        }

        return assignment;
    }

    // Into two halves of the parts, and each half again.
    private int[] Split(Hypergraph graph, long[] limits, CutEffort spent, ref RandomStream stream)
    {
        var (parts, half) = (limits.Length, limits.Length / 2);
        var sides = Bisect(graph.WithOwners(part => part < half ? 0 : 1), SideLimits(graph, limits, half), ref stream);
        var assignment = new int[graph.Vertices];
        var (low, high) = (stream.Fork(), stream.Fork());
        var first = graph.Select(sides, 0, part => part < half ? part : -1, out var vertices);
        Place(Cut(first, limits[..half], spent, ref low), vertices, 0, assignment);
        var second = graph.Select(sides, 1, part => part - half, out vertices);
        Place(Cut(second, limits[half..], spent, ref high), vertices, half, assignment);
        return assignment;
    }

    // What a half may take: its share, with as much room as leaves each later cut the same, and no more than its parts can.
    private static long[] SideLimits(Hypergraph graph, long[] limits, int half)
    {
        var (most, lowMost) = (limits.Sum(), limits[..half].Sum());
        var depth = Math.Max(1, Math.Ceiling(Math.Log2(limits.Length)));
        var room = Math.Pow(Math.Max(1, (double)most / Math.Max(1, graph.TotalWork)), 1 / depth);
        var heaviest = graph.Vertices == 0 ? 0 : graph.Work.Max();
        return [Limit(lowMost), Limit(most - lowMost)];

        long Limit(long sideMost)
        {
            var share = (double)graph.TotalWork * sideMost / Math.Max(1, most);
            return Math.Min(sideMost, (long)Math.Max(share * room, share + Math.Min(heaviest / 2, share * 0.002)));
        }
    }

    private int[] Bisect(Hypergraph graph, long[] limits, ref RandomStream stream)
    {
        var levels = Coarsen(graph, CoarsestOfTwo, limits, apart: null, ref stream);
        var coarsest = levels[^1].Graph;
        CutState? best = null;
        for (var cut = 0; cut < InitialCuts; cut++)
        {
            var state = new CutState(coarsest, InitialCut.Of(coarsest, limits, cut, ref stream), limits);
            new TwoWayRefinement(state).Run(10, cancellation);
            if (best is null || (state.Overload, state.Cost).CompareTo((best.Overload, best.Cost)) < 0)
            {
                best = state;
            }
        }

        var assignment = best!.Assignment;
        for (var level = levels.Count - 2; level >= 0; level--)
        {
            assignment = Project(assignment, levels[level + 1].Clusters!);
            new TwoWayRefinement(new CutState(levels[level].Graph, assignment, limits)).Run(10, cancellation);
        }

        return assignment;
    }

    private List<(Hypergraph Graph, int[]? Clusters)> Coarsen(
        Hypergraph graph, int fewest, long[] limits, int[]? apart, ref RandomStream stream)
    {
        List<(Hypergraph Graph, int[]? Clusters)> levels = [(graph, null)];
        var heaviest = Math.Max((long)(limits.Min() * effort.Largest), 1);
        heaviest = Math.Min(heaviest, Math.Max(1, 4 * graph.TotalWork / fewest));
        while (graph.Vertices > fewest)
        {
            cancellation.ThrowIfCancellationRequested();
            var (clusters, count) = Clustering.Of(graph, Math.Max(fewest, graph.Vertices * 2 / 5), heaviest, apart, ref stream);
            if (count > 0.95 * graph.Vertices)
            {
                break;
            }

            graph = graph.Merge(clusters, count);
            levels.Add((graph, clusters));
        }

        return levels;
    }

    private void Refine(Hypergraph graph, int[] assignment, long[] limits, CutEffort spent, ref RandomStream stream)
    {
        var state = new CutState(graph, assignment, limits);
        Balance.Restore(state);
        if (spent.Steps > 0)
        {
            var unit = graph.Nets == 0 ? 1 : Math.Sqrt((double)graph.NetWeights.Sum(weight => (long)weight) / graph.Nets);
            new Annealing(state, stream.Fork()).Run(spent.Hottest * unit, spent.Coldest * unit, spent.Steps, spent.Tries, cancellation);
        }
    }

    private static int[] Project(int[] assignment, int[] clusters) => [.. clusters.Select(cluster => assignment[cluster])];

    private static void Place(int[] parts, int[] vertices, int first, int[] assignment)
    {
        for (var v = 0; v < vertices.Length; v++)
        {
            assignment[vertices[v]] = first + parts[v];
        }
    }
}
