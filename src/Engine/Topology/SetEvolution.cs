namespace SparseService.Engine.Topology;

/// <summary>
/// Sparse Evolutionary Training: drop the connections closest to zero, grow as many at random places (SET, arXiv 1707.04780;
/// with the two-sided drop of arXiv 2102.01732). O(nnz + rows), in place and without memory; the number of connections stays exactly the
/// same.
/// </summary>
public static class SetEvolution
{
    /// <summary>One topology update of one layer.</summary>
    /// <param name="connections">Changed. Survivors keep their values and optimizer state, bit by bit.</param>
    /// <param name="dropFraction">ζ: share of the negative and of the positive connections to replace, each rounded down.</param>
    /// <param name="initializer">Draws the values of new connections; their optimizer state is 0.</param>
    /// <param name="openNeurons">Where connections may grow: neurons that importance pruning removed are closed.</param>
    /// <param name="explored">Is told of every new connection.</param>
    /// <param name="stream">The layer's stream of this epoch.</param>
    /// <param name="own">Partition-aware evolution: where given, a share of the new connections starts at neurons of the row's own part.</param>
    /// <returns>How many connections were replaced.</returns>
    public static long Evolve(
        Connections connections,
        double dropFraction,
        WeightInitializer initializer,
        OpenNeurons openNeurons,
        ExplorationSketch explored,
        ref RandomStream stream,
        OwnColumns? own = null)
    {
        var most = MostDropped(connections.Weights.Nnz, dropFraction);
        var dropped = Drop(connections, dropFraction);
        Regrowth.Grow(connections, dropped, most, initializer, openNeurons, explored, ref stream, own);
        return dropped;
    }

    /// <summary>Connections that an update drops at most: all but one or two, which the rounding of each sign's share may spare.</summary>
    internal static long MostDropped(long nnz, double dropFraction) => (long)Math.Ceiling(dropFraction * nnz);

    /// <summary>Removes the ⌊ζ·n⌋ negative and the ⌊ζ·n⌋ positive connections closest to zero. Zero counts as positive; of equals the first
    /// go.</summary>
    internal static unsafe long Drop(Connections connections, double dropFraction)
    {
        var cut = MagnitudeCut.Of(connections.Weights.Values.Pointer, connections.Weights.Nnz, dropFraction);
        return connections.RemoveUnless(ref cut);
    }
}
