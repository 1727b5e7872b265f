using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>Draws positions where no connection is.</summary>
public static class FreeCells
{
    /// <summary>
    /// Draws <paramref name="count"/> distinct unoccupied cells, each set of cells equally likely. It draws ranks among the free cells and walks to them,
    /// so it ends in O(rows + nnz + count·log count) however full the layer is; drawing cells until a free one is met would not end in a full one.
    /// </summary>
    /// <param name="occupied">Its connections lie in open rows and columns only.</param>
    /// <returns>row·columns + column, ascending.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Fewer cells are free than wanted.</exception>
    public static long[] Draw(CsrMatrix occupied, OpenNeurons open, long count, ref RandomStream stream)
    {
        var free = 0L;
        for (var row = 0; row < occupied.Rows; row++)
        {
            free += FreeInRow(occupied, open, row);
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, free);
        var ranks = RandomCells.Distinct(free, count, ref stream);
        var firstRank = 0L;
        var next = 0;
        for (var row = 0; row < occupied.Rows && next < ranks.Length; row++)
        {
            var rankAfter = firstRank + FreeInRow(occupied, open, row);
            var k = occupied.RowOffsets[row];
            var skipped = 0;
            for (; next < ranks.Length && ranks[next] < rankAfter; next++)
            {
                // The r-th free column is the (r + s)-th open one, s = number of occupied columns before it.
                var column = open.Column((int)(ranks[next] - firstRank) + skipped);
                while (k < occupied.RowOffsets[row + 1] && occupied.ColumnIndices[k] <= column)
                {
                    k++;
                    skipped++;
                    column = open.Column((int)(ranks[next] - firstRank) + skipped);
                }

                ranks[next] = ((long)row * occupied.Columns) + column;
            }

            firstRank = rankAfter;
        }

        return ranks;
    }

    private static int FreeInRow(CsrMatrix occupied, OpenNeurons open, int row) => open.IsRowOpen(row) ? open.ColumnCount - occupied.FanIn(row) : 0;
}
