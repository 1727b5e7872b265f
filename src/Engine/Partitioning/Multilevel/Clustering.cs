namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>
/// Which vertices are put together: each joins the cluster with which it shares most, a net of n pins counting weight/(n − 1) (heavy edges; Catalyurek and
/// Aykanat 1999, Karypis and Kumar 1999), over the square root of the cluster's work, so that clusters stay of a size.
/// </summary>
internal static class Clustering
{
    // Nets with more pins say little about who belongs together and take most of the time.
    private const int LargestRated = 1000;

    /// <param name="fewest">Stops at so many clusters.</param>
    /// <param name="heaviest">Most work of a cluster of several vertices.</param>
    /// <param name="apart">Marks of the vertices: those with different marks stay apart; null: none.</param>
    /// <returns>The cluster of each vertex and how many there are.</returns>
    public static (int[] Clusters, int Count) Of(Hypergraph graph, int fewest, long heaviest, int[]? apart, ref RandomStream stream)
    {
        var order = Enumerable.Range(0, graph.Vertices).ToArray();
        stream.Shuffle(order.AsSpan());
        var leaders = Enumerable.Range(0, graph.Vertices).ToArray();
        var sizes = new int[graph.Vertices];
        var work = (long[])graph.Work.Clone();
        sizes.AsSpan().Fill(1);
        var (ratings, rated) = (new double[graph.Vertices], new List<int>());
        var left = graph.Vertices;
        foreach (var vertex in order)
        {
            if (left <= fewest)
            {
                break;
            }

            if (leaders[vertex] != vertex || sizes[vertex] > 1)
            {
                continue;
            }

            Rate(graph, vertex, leaders, ratings, rated);
            var best = Best(vertex, ratings, rated, work, heaviest, apart);
            foreach (var leader in rated)
            {
                ratings[leader] = 0;
            }

            if (best >= 0)
            {
                leaders[vertex] = best;
                sizes[best]++;
                work[best] += work[vertex];
                left--;
            }
        }

        return Number(leaders, left);
    }

    private static void Rate(Hypergraph graph, int vertex, int[] leaders, double[] ratings, List<int> rated)
    {
        rated.Clear();
        foreach (var net in graph.NetsAt(vertex))
        {
            var pins = graph.PinsOf(net);
            if (pins.Length is < 2 or > LargestRated)
            {
                continue;
            }

            var score = (double)graph.NetWeights[net] / (pins.Length - 1);
            foreach (var pin in pins)
            {
                var leader = leaders[pin];
                if (ratings[leader] == 0)
                {
                    rated.Add(leader);
                }

                ratings[leader] += score;
            }
        }
    }

    private static int Best(int vertex, double[] ratings, List<int> rated, long[] work, long heaviest, int[]? apart)
    {
        var (best, highest) = (-1, 0.0);
        foreach (var leader in rated)
        {
            if (leader == vertex || work[leader] + work[vertex] > heaviest || (apart is not null && apart[leader] != apart[vertex]))
            {
                continue;
            }

            var rating = ratings[leader] / Math.Sqrt(Math.Max(1, work[leader]));
            if (rating > highest)
            {
                (best, highest) = (leader, rating);
            }
        }

        return best;
    }

    private static (int[] Clusters, int Count) Number(int[] leaders, int count)
    {
        var (names, next) = (new int[leaders.Length], 0);
        for (var vertex = 0; vertex < leaders.Length; vertex++)
        {
            if (leaders[vertex] == vertex)
            {
                names[vertex] = next++;
            }
        }

        return ([.. leaders.Select(leader => names[leader])], count);
    }
}
