namespace SparseService.Engine.Topology;

/// <summary>The sites of all rows as lists, with the weights that would grow there: what a device needs of a draw.</summary>
/// <remarks>A few more than the connections that grow. They depend on keys and sizes alone, on no connection and no weight.</remarks>
internal sealed class DrawnSites
{
    private const int RowsOfBlock = 256;

    private DrawnSites(int[] offsets, int[] columns, float[] weights) => (Offsets, Columns, Weights) = (offsets, columns, weights);

    /// <summary>Where each row's sites begin; one more.</summary>
    public int[] Offsets { get; }

    /// <summary>Ascending in a row.</summary>
    public int[] Columns { get; }

    public float[] Weights { get; }

    /// <param name="threads">Rows are drawn side by side; each has a draw of its own.</param>
    public static DrawnSites Of(GrowthSites sites, int rows, WeightInitializer initializer, int threads)
    {
        var blocks = new List<(int Column, float Weight)>[(rows + RowsOfBlock - 1) / RowsOfBlock];
        var offsets = new int[rows + 1];
        System.Threading.Tasks.Parallel.For(0, blocks.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, block =>
        {
            var drawn = blocks[block] = [];
            for (var row = block * RowsOfBlock; row < Math.Min(rows, (block + 1) * RowsOfBlock); row++)
            {
                var first = drawn.Count;
                for (var ofRow = sites.Row(row); ofRow.Next(out var column);)
                {
                    drawn.Add((column, sites.Weight(initializer, row, column)));
                }

                drawn.Reverse(first, drawn.Count - first);
                offsets[row + 1] = drawn.Count - first;
            }
        });
        for (var row = 0; row < rows; row++)
        {
            offsets[row + 1] += offsets[row];
        }

        var (columns, weights, at) = (new int[offsets[rows]], new float[offsets[rows]], 0);
        foreach (var (column, weight) in blocks.SelectMany(block => block))
        {
            (columns[at], weights[at++]) = (column, weight);
        }

        return new DrawnSites(offsets, columns, weights);
    }
}
