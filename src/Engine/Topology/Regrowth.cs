namespace SparseService.Engine.Topology;

/// <summary>Adds connections at random places where none is.</summary>
public static unsafe class Regrowth
{
    /// <summary>
    /// Adds <paramref name="count"/> connections, each set of free cells equally likely, in place and in the order of the matrix. The sites of a row are
    /// drawn, not searched for, so it ends in O(rows + nnz + count) however full the layer is.
    /// </summary>
    /// <param name="connections">With room for them; all lie in open rows and columns.</param>
    /// <param name="most">At least <paramref name="count"/>; see <see cref="GrowthSites.Of"/>.</param>
    /// <param name="initializer">Draws the values of the new connections; their optimizer state is 0.</param>
    /// <param name="explored">Is told of every new connection.</param>
    /// <param name="stream">The layer's stream of this epoch.</param>
    /// <param name="own">Where given, a share of the new connections starts at neurons of the row's own part.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer cells are free than wanted.</exception>
    public static void Grow(
        Connections connections,
        long count,
        long most,
        WeightInitializer initializer,
        OpenNeurons open,
        ExplorationSketch explored,
        ref RandomStream stream,
        OwnColumns? own = null)
    {
        var weights = connections.Weights;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, open.Cells - weights.Nnz);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, most);
        if (count == 0)
        {
            return;
        }

        var ownLeft = own?.CountOwn(weights) ?? 0;
        GrowthSites sites;
        ulong? cut;
        do
        {
            sites = GrowthSites.Of(open, weights.Columns, weights.Nnz + count, most, ref stream, own, ownLeft, weights.Nnz);
        }
        while (!Survey(weights, sites, []).TryCut(count, out cut));

        Grow(connections, count, sites, cut, initializer, explored, []);
    }

    /// <summary>Looks at the sites of every row: which of them are free?</summary>
    /// <param name="neurons">Where the rows are only some of a layer's: the number of each, ascending. Empty: all.</param>
    internal static GrowthSurvey Survey(Sparse.CsrMatrix weights, in GrowthSites sites, ReadOnlySpan<int> neurons)
    {
        var survey = new GrowthSurvey((int)(1.1 * sites.WatchedCount));
        var columns = weights.ColumnIndices.Pointer;
        var offsets = weights.RowOffsets.Pointer;
        for (var row = 0; row < weights.Rows; row++)
        {
            var (start, k) = (offsets[row], offsets[row + 1L]);
            var neuron = neurons.IsEmpty ? row : neurons[row];
            for (var rowSites = sites.Row(neuron); rowSites.Next(out var column);)
            {
                while (k > start && columns[k - 1] > column)
                {
                    k--;
                }

                if (k == start || columns[k - 1] != column)
                {
                    survey.Add(sites.Priority(neuron, column), sites.Watched);
                }
            }
        }

        return survey;
    }

    /// <summary>Adds the free sites below the cut, which are <paramref name="count"/>.</summary>
    /// <param name="neurons">As in <see cref="Survey"/>.</param>
    internal static void Grow(
        Connections connections,
        long count,
        in GrowthSites sites,
        ulong? cut,
        WeightInitializer initializer,
        ExplorationSketch explored,
        ReadOnlySpan<int> neurons)
    {
        // Old and new connections are merged from their ends, into the room behind the old ones: what is written never passes what is still to be read.
        var weights = connections.Weights;
        var (reader, writer) = (weights.Nnz, weights.Nnz + count);
        connections.Resize(writer);
        var at = new ConnectionPointers(connections);
        var offsets = weights.RowOffsets.Pointer;
        for (var row = weights.Rows - 1; reader < writer; row--)
        {
            var (start, neuron) = (offsets[row], neurons.IsEmpty ? row : neurons[row]);
            offsets[row + 1L] = writer;
            for (var rowSites = sites.Row(neuron); rowSites.Next(out var column);)
            {
                while (reader > start && at.Columns[reader - 1] > column)
                {
                    at.Move(--reader, --writer);
                }

                if ((reader == start || at.Columns[reader - 1] != column) && !(sites.Priority(neuron, column) >= cut))
                {
                    at.Begin(--writer, column, sites.Weight(initializer, neuron, column));
                    explored.Add(((long)neuron * weights.Columns) + column);
                }
            }

            while (reader > start)
            {
                at.Move(--reader, --writer);
            }
        }
    }
}
