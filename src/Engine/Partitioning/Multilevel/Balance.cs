namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>Brings parts that are too heavy back below their limits, at the least loss that a step finds.</summary>
internal static class Balance
{
    public static void Restore(CutState state)
    {
        var refused = new bool[state.Parts];
        while (Heaviest(state, refused) is >= 0 and var part)
        {
            if (!MoveOut(state, part) && !Exchange(state, part))
            {
                refused[part] = true;
            }
        }
    }

    private static int Heaviest(CutState state, bool[] refused)
    {
        var (heaviest, most) = (-1, 0L);
        for (var part = 0; part < state.Parts; part++)
        {
            var over = state.Loads[part] - state.Limits[part];
            if (over > most && !refused[part])
            {
                (heaviest, most) = (part, over);
            }
        }

        return heaviest;
    }

    private static bool MoveOut(CutState state, int part)
    {
        var (vertex, to, best) = (-1, -1, int.MinValue);
        for (var v = 0; v < state.Assignment.Length; v++)
        {
            if (state.Assignment[v] != part || state.Graph.Work[v] == 0)
            {
                continue;
            }

            for (var p = 0; p < state.Parts; p++)
            {
                if (p != part && state.Loads[p] + state.Graph.Work[v] <= state.Limits[p] && state.Gain(v, p) > best)
                {
                    (vertex, to, best) = (v, p, state.Gain(v, p));
                }
            }
        }

        if (vertex < 0)
        {
            return false;
        }

        state.Move(vertex, to);
        return true;
    }

    // For a lighter one of another part, which must not become too heavy: the least loss for what it brings.
    private static bool Exchange(CutState state, int part)
    {
        var (graph, over) = (state.Graph, state.Loads[part] - state.Limits[part]);
        var (first, second, best) = (-1, -1, double.NegativeInfinity);
        for (var v = 0; v < graph.Vertices; v++)
        {
            if (state.Assignment[v] != part)
            {
                continue;
            }

            for (var u = 0; u < graph.Vertices; u++)
            {
                var (p, lighter) = (state.Assignment[u], graph.Work[v] - graph.Work[u]);
                if (p == part || lighter <= 0 || state.Loads[p] + lighter > state.Limits[p])
                {
                    continue;
                }

                var value = (state.Gain(v, p) + state.Gain(u, part)) - (4.0 * Math.Max(0, over - lighter));
                if (value > best)
                {
                    (first, second, best) = (v, u, value);
                }
            }
        }

        if (first < 0)
        {
            return false;
        }

        var to = state.Assignment[second];
        state.Move(first, to);
        state.Move(second, part);
        return true;
    }
}
