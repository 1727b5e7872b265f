namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>
/// Refines a cut into two parts (Fiduccia and Mattheyses 1982): each vertex moves at most once a pass, best gain first, also when it is a loss; the best
/// state on the way is kept. A part may be too heavy by one vertex on the way, so that a full part can exchange.
/// </summary>
internal sealed class TwoWayRefinement
{
    private readonly CutState state;
    private readonly VertexHeap[] heaps;
    private readonly bool[] locked;
    private readonly List<int> touched = [];
    private readonly List<int> moved = [];
    private readonly long heaviest;

    public TwoWayRefinement(CutState state)
    {
        this.state = state;
        heaps = [new VertexHeap(state.Graph.Vertices), new VertexHeap(state.Graph.Vertices)];
        locked = new bool[state.Graph.Vertices];
        heaviest = state.Graph.Work.Max();
    }

    /// <summary>Passes until one brings nothing.</summary>
    public void Run(int mostPasses, CancellationToken cancellation)
    {
        for (var pass = 0; pass < mostPasses; pass++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!Pass())
            {
                return;
            }
        }
    }

    private bool Pass()
    {
        moved.Clear();
        Array.Clear(locked);
        for (var vertex = 0; vertex < locked.Length; vertex++)
        {
            var side = state.Assignment[vertex];
            heaps[side].Set(vertex, state.Gain(vertex, 1 - side));
        }

        var (startOverload, startCost) = (state.Overload, state.Cost);
        var (bestOverload, bestCost, best) = (startOverload, startCost, 0);
        var patience = 200 + (locked.Length / 20);
        while (moved.Count - best < patience && Next() is >= 0 and var vertex)
        {
            var to = 1 - state.Assignment[vertex];
            heaps[1 - to].Remove(vertex);
            locked[vertex] = true;
            touched.Clear();
            state.Move(vertex, to, touched);
            moved.Add(vertex);
            foreach (var neighbour in touched)
            {
                if (!locked[neighbour])
                {
                    var side = state.Assignment[neighbour];
                    heaps[side].Set(neighbour, state.Gain(neighbour, 1 - side));
                }
            }

            var overload = state.Overload;
            if (overload < bestOverload || (overload == bestOverload && state.Cost < bestCost))
            {
                (bestOverload, bestCost, best) = (overload, state.Cost, moved.Count);
            }
        }

        for (var m = moved.Count - 1; m >= best; m--)
        {
            state.Move(moved[m], 1 - state.Assignment[moved[m]]);
        }

        heaps[0].Clear();
        heaps[1].Clear();
        return bestOverload < startOverload || bestCost < startCost;
    }

    // The vertex to move: out of the part that is too heavy, if one is; else the best whose new part stays bearable.
    private int Next()
    {
        var (loads, limits) = (state.Loads, state.Limits);
        for (var side = 0; side < 2; side++)
        {
            if (loads[side] > limits[side])
            {
                return heaps[side].Top;
            }
        }

        var (first, second) = (Movable(0), Movable(1));
        return first < 0 ? second : second < 0 ? first
            : heaps[0].TopKey > heaps[1].TopKey || (heaps[0].TopKey == heaps[1].TopKey && Free(1) >= Free(0)) ? first : second;
    }

    private long Free(int side) => state.Limits[side] - state.Loads[side];

    private int Movable(int side)
    {
        var top = heaps[side].Top;
        return top >= 0 && state.Graph.Work[top] <= Free(1 - side) + heaviest ? top : -1;
    }
}
