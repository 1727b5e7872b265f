namespace SparseService.Engine.Partitioning.Multilevel;

/// <summary>
/// Refines a cut into any number of parts by moves and exchanges drawn at random, of which losses are taken with probability e^(gain/temperature) while the
/// temperature falls (Metropolis; Johnson, Aragon, McGeoch and Schevon 1989). Where parts are full, as with equal rows dealt out evenly, only exchanges are
/// left, which refinement by single moves does not find; a drawn one costs two look-ups in the tables of gains.
/// </summary>
internal sealed class Annealing
{
    private readonly CutState state;
    private readonly int[][] members;
    private readonly int[] sizes;
    private readonly int[] places;
    private readonly int[] stamps;
    private readonly int[] best;
    private RandomStream stream;
    private int stamp;
    private long bestCost;

    public Annealing(CutState state, RandomStream stream)
    {
        (this.state, this.stream) = (state, stream);
        var vertices = state.Graph.Vertices;
        sizes = new int[state.Parts];
        places = new int[vertices];
        foreach (var part in state.Assignment)
        {
            sizes[part]++;
        }

        members = [.. sizes.Select(size => new int[size + 1])];
        Array.Clear(sizes);
        for (var vertex = 0; vertex < vertices; vertex++)
        {
            Enter(vertex, state.Assignment[vertex]);
        }

        stamps = new int[state.Graph.Nets];
        best = (int[])state.Assignment.Clone();
        bestCost = state.Cost;
    }

    /// <summary>Ends in the best state met at the end of a temperature.</summary>
    /// <param name="hottest">In words; the coldest is a fifth of the weight of a net.</param>
    /// <param name="steps">Temperatures.</param>
    /// <param name="tries">Moves drawn at each, for each vertex.</param>
    public void Run(double hottest, double coldest, int steps, int tries, CancellationToken cancellation)
    {
        if (state.Parts < 2 || state.Graph.Vertices < 2)
        {
            return;
        }

        for (var step = 0; step < steps; step++)
        {
            var temperature = steps == 1 ? coldest : hottest * Math.Pow(coldest / hottest, (double)step / (steps - 1));
            cancellation.ThrowIfCancellationRequested();
            for (var t = (long)tries * state.Graph.Vertices; t > 0; t--)
            {
                Try(temperature);
            }

            if (state.Cost < bestCost)
            {
                bestCost = state.Cost;
                state.Assignment.CopyTo(best, 0);
            }
        }

        GoBack();
    }

    private void GoBack()
    {
        if (state.Cost == bestCost)
        {
            return;
        }

        for (var vertex = 0; vertex < best.Length; vertex++)
        {
            Move(vertex, best[vertex]);
        }
    }

    private void Try(double temperature)
    {
        var graph = state.Graph;
        var vertex = (int)stream.NextBelow(graph.Vertices);
        var (from, partner) = (state.Assignment[vertex], Partner(vertex));
        var to = partner < 0 ? (int)stream.NextBelow(state.Parts) : state.Assignment[partner];
        if (to == from)
        {
            return;
        }

        var gain = state.Gain(vertex, to);
        if (state.Loads[to] + graph.Work[vertex] <= state.Limits[to])
        {
            if (IsTaken(gain, temperature))
            {
                Move(vertex, to);
            }

            return;
        }

        if (sizes[to] == 0)
        {
            return;
        }

        var other = members[to][(int)stream.NextBelow(sizes[to])];
        var change = graph.Work[vertex] - graph.Work[other];
        if (state.Loads[to] + change > state.Limits[to] || state.Loads[from] - change > state.Limits[from])
        {
            return;
        }

        // Exact only when it matters: the sum of both gains is never less than their exchange's.
        var threshold = Threshold(temperature);
        if (gain + state.Gain(other, from) >= threshold && state.SwapGain(vertex, other, stamps, ++stamp) >= threshold)
        {
            Move(vertex, to);
            Move(other, from);
        }
    }

    // Another vertex of one of its nets: parts where it has none are seldom worth a try.
    private int Partner(int vertex)
    {
        var nets = state.Graph.NetsAt(vertex);
        if (nets.Length == 0 || (stream.NextUInt64() & 7) == 0)
        {
            return -1;
        }

        var pins = state.Graph.PinsOf(nets[(int)stream.NextBelow(nets.Length)]);
        return pins[(int)stream.NextBelow(pins.Length)];
    }

    private bool IsTaken(int gain, double temperature) => gain >= 0 || gain >= Threshold(temperature);

    private double Threshold(double temperature) => temperature * Math.Log(1 - stream.NextDouble());

    private void Move(int vertex, int to)
    {
        var from = state.Assignment[vertex];
        if (from == to)
        {
            return;
        }

        var last = members[from][--sizes[from]];
        members[from][places[vertex]] = last;
        places[last] = places[vertex];
        state.Move(vertex, to);
        Enter(vertex, to);
    }

    private void Enter(int vertex, int part)
    {
        if (sizes[part] == members[part].Length)
        {
            Array.Resize(ref members[part], 2 * sizes[part]);
        }

        places[vertex] = sizes[part];
        members[part][sizes[part]++] = vertex;
    }
}
