using SparseService.Engine.Partitioning.Multilevel;
using SparseService.Engine.Sparse;

namespace SparseService.Engine.Partitioning;

/// <summary>Cuts one layer: which part owns each of its rows.</summary>
internal static unsafe class LayerCut
{
    private static readonly CutEffort Effort = new(Hottest: 1.0, Coldest: 0.15, Steps: 16, Tries: 60);

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
            var cut = Best(graph, limits, parts, stream, effort, spent ?? Effort);
            for (var r = 0; r < rows.Length; r++)
            {
                owners[rows[r]] = cut[r];
            }
        }

        SpreadEmptyRows(matrix, owners, parts);
        return owners;
    }

    private static int[] Best(Hypergraph graph, WorkLimits limits, int parts, RandomStream stream, PartitionEffort effort, CutEffort spent)
    {
        var most = new long[parts];
        most.AsSpan().Fill(limits.Most);
        var cut = new MultilevelCut(spent, effort.Cancellation).Run(graph, most, stream);
        return Keeps(graph, limits, cut, parts) ? cut : limits.Packing;
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
