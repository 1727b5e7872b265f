using SparseService.Engine.Partitioning.Multilevel;
using SparseService.Engine.Sparse;
using SparseService.Engine.Training;

namespace SparseService.Engine.Partitioning;

/// <summary>Cuts one layer: which part owns each of its rows.</summary>
internal static unsafe class LayerCut
{
    // Tries differ in how large clusters may grow: whole parts suit networks of equal rows, smaller ones rows that pack badly. Temperatures:
    // measured on RadiX-Nets (lower is better) and random ones (1 is best, from 0.3 to 2 within 1 %).
    private static readonly CutEffort[] Efforts =
    [
        new(Hottest: 1, Coldest: 0.15, Steps: 16, Tries: 60, Largest: 1),
        new(Hottest: 0.3, Coldest: 0.15, Steps: 8, Tries: 60, Largest: 1),
        new(Hottest: 1, Coldest: 0.15, Steps: 16, Tries: 60, Largest: 0.34),
        new(Hottest: 0.3, Coldest: 0.15, Steps: 8, Tries: 60, Largest: 1),
    ];

    // A layer of 1,024 rows of 32 connections is tried eight times, one of 4,096 twice, one of 16,384 once.
    private const int MostTries = 8;
    private const int PinsForOneTry = 300_000;

    // Draws of the annealing over all, from where larger layers get fewer for each row.
    private const long MostDraws = 16L * 60 * 16_384;

    /// <param name="sources">Owner of each column; null for the input layer, which has none.</param>
    /// <returns>Owner of each row.</returns>
    public static int[] Of(
        CsrMatrix matrix, int[]? sources, int parts, double imbalance, RandomStream stream, PartitionEffort effort, CutEffort? spent = null)
    {
        if (parts == 1)
        {
            return new int[matrix.Rows];
        }

        var rows = Enumerable.Range(0, matrix.Rows).Where(row => matrix.FanIn(row) > 0).ToArray();
        var owners = new int[matrix.Rows];
        if (rows.Length > 0)
        {
            var graph = Graph(matrix, sources, rows);
            var limits = WorkLimits.Of(graph.Work, parts, imbalance);
            var cut = Best(graph, limits, parts, stream, effort, spent);
            for (var r = 0; r < rows.Length; r++)
            {
                owners[rows[r]] = cut[r];
            }
        }

        SpreadEmptyRows(matrix, owners, parts);
        return owners;
    }

    private static int[] Best(Hypergraph graph, WorkLimits limits, int parts, RandomStream stream, PartitionEffort effort, CutEffort? spent)
    {
        var most = new long[parts];
        most.AsSpan().Fill(limits.Most);
        var tries = spent is not null ? 1 : Math.Clamp(PinsForOneTry / Math.Max(1, graph.Pins.Length), 1, MostTries);
        var streams = Enumerable.Range(0, tries).Select(_ => stream.Fork()).ToArray();
        var found = new (long Cost, int[] Cut)[tries];
        SparseNetwork.ForEach(tries, effort.Threads == 0 ? Environment.ProcessorCount : effort.Threads, t =>
        {
            var levels = new MultilevelCut(spent ?? Scaled(Efforts[t % Efforts.Length], graph), effort.Cancellation);
            var cut = levels.Run(graph, most, streams[t]);
            found[t] = (Keeps(graph, limits, cut, parts) ? Cost(graph, cut) : long.MaxValue, cut);
        });
        var best = found.MinBy(one => one.Cost);
        return best.Cost < long.MaxValue ? best.Cut : limits.Packing;
    }

    private static CutEffort Scaled(CutEffort effort, Hypergraph graph) =>
        effort with { Tries = (int)Math.Clamp(MostDraws / ((long)effort.Steps * graph.Vertices), 2, effort.Tries) };

    private static long Cost(Hypergraph graph, int[] cut)
    {
        var (cost, seen) = (0L, new HashSet<int>());
        for (var net = 0; net < graph.Nets; net++)
        {
            seen.Clear();
            foreach (var pin in graph.PinsOf(net))
            {
                cost += seen.Add(cut[pin]) ? graph.PresenceCost(net, cut[pin]) : 0;
            }
        }

        return cost;
    }

    private static bool Keeps(Hypergraph graph, WorkLimits limits, int[] cut, int parts)
    {
        var loads = new long[parts];
        for (var vertex = 0; vertex < cut.Length; vertex++)
        {
            loads[cut[vertex]] += graph.Work[vertex];
        }

        return loads.Max() <= limits.Most;
    }

    private static Hypergraph Graph(CsrMatrix matrix, int[]? sources, int[] rows)
    {
        var names = new int[matrix.Rows];
        var builder = new HypergraphBuilder(rows.Length, (int)matrix.Nnz);
        for (var r = 0; r < rows.Length; r++)
        {
            names[rows[r]] = r;
            builder.Work[r] = matrix.FanIn(rows[r]);
        }

        using var columns = TransposeIndex.Of(matrix);
        for (var column = 0; column < matrix.Columns; column++)
        {
            for (var t = columns.ColumnOffsets.Pointer[column]; t < columns.ColumnOffsets.Pointer[column + 1L]; t++)
            {
                builder.AddPin(names[columns.RowIndices.Pointer[t]]);
            }

            if (sources is null)
            {
                builder.EndNet(1, [], []);
            }
            else
            {
                builder.EndNet(1, [sources[column]], [1]);
            }
        }

        return builder.Build();
    }

    // Rows without connections cost nothing: they fill up the parts that have fewest rows.
    private static void SpreadEmptyRows(CsrMatrix matrix, int[] owners, int parts)
    {
        var sizes = new PriorityQueue<int, (int Rows, int Part)>();
        var counts = new int[parts];
        for (var row = 0; row < owners.Length; row++)
        {
            counts[owners[row]] += matrix.FanIn(row) > 0 ? 1 : 0;
        }

        for (var part = 0; part < parts; part++)
        {
            sizes.Enqueue(part, (counts[part], part));
        }

        for (var row = 0; row < owners.Length; row++)
        {
            if (matrix.FanIn(row) == 0)
            {
                sizes.TryDequeue(out var part, out var key);
                owners[row] = part;
                sizes.Enqueue(part, (key.Rows + 1, part));
            }
        }
    }
}
