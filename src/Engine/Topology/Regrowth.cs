namespace SparseService.Engine.Topology;

/// <summary>Adds connections at random places where none is.</summary>
public static unsafe class Regrowth
{
    /// <summary>
    /// Adds <paramref name="count"/> connections, each set of free cells equally likely, in place and in the order of the matrix. It draws
    /// ranks among the free cells and walks to them, so it ends in O(rows + nnz + count) however full the layer is; drawing cells until a
    /// free one is met would not end in a full one.
    /// </summary>
    /// <param name="connections">With room for them; all lie in open rows and columns.</param>
    /// <param name="initializer">Draws the values of the new connections; their optimizer state is 0.</param>
    /// <param name="explored">Is told of every new connection.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer cells are free than wanted.</exception>
    public static void Grow(
        Connections connections,
        long count,
        WeightInitializer initializer,
        OpenNeurons open,
        ExplorationSketch explored,
        ref RandomStream stream)
    {
        var weights = connections.Weights;
        var free = open.Cells - weights.Nnz;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, free);
        if (count == 0)
        {
            return;
        }

        var (reader, writer) = (weights.Nnz, weights.Nnz + count);
        connections.Resize(writer);
        var at = new ConnectionPointers(connections);
        var offsets = weights.RowOffsets.Pointer;

        // Both lists are merged from their ends, into the room behind the old one: what is written never passes what is still to be read.
        // Ranks come ascending and count from the last free cell downwards.
        var ranks = RandomCells.Distinct(free, count, ref stream);
        var behind = 0L; // free cells in the rows that are done
        var more = ranks.Next(out var rank);
        for (var row = weights.Rows - 1; reader < writer; row--)
        {
            var start = offsets[row];
            offsets[row + 1L] = writer;
            var before = (int)(reader - start); // connections of this row that are not yet moved
            var freeHere = open.IsRowOpen(row) ? open.ColumnCount - before : 0;
            for (; more && rank - behind < freeHere; more = ranks.Next(out rank))
            {
                // The r-th free column is the (r + s)-th open one, s = number of connections before it.
                var place = freeHere - 1 - (int)(rank - behind);
                var column = open.Column(place + before);
                while (before > 0 && at.Columns[start + before - 1] >= column)
                {
                    before--;
                    at.Move(start + before, --writer);
                    column = open.Column(place + before);
                }

                at.Begin(--writer, column, initializer.Draw(ref stream));
                explored.Add(((long)row * weights.Columns) + column);
            }

            while (before > 0)
            {
                before--;
                at.Move(start + before, --writer);
            }

            (reader, behind) = (start, behind + freeHere);
        }
    }
}
