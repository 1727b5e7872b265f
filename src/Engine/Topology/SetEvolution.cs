using SparseService.Engine.Sparse;

namespace SparseService.Engine.Topology;

/// <summary>
/// Sparse Evolutionary Training: drop the connections closest to zero, grow as many at random places (SET, arXiv 1707.04780;
/// with the two-sided drop of arXiv 2102.01732). O(nnz + rows + columns + grown·log grown); the number of connections stays exactly the same.
/// </summary>
public static class SetEvolution
{
    /// <summary>One topology update of one layer.</summary>
    /// <param name="connections">Left as they are.</param>
    /// <param name="dropFraction">ζ: share of the negative and of the positive connections to replace, each rounded down.</param>
    /// <param name="initializer">Draws the values of new connections; their optimizer state is 0.</param>
    /// <param name="openNeurons">Where connections may grow: neurons that importance pruning removed are closed.</param>
    /// <param name="stream">The layer's stream of this epoch.</param>
    /// <param name="grownCells">row·columns + column of every new connection, ascending.</param>
    public static Connections Evolve(
        Connections connections, double dropFraction, WeightInitializer initializer, OpenNeurons openNeurons, ref RandomStream stream, out long[] grownCells)
    {
        var kept = connections.Where(SmallestDropped(connections.Weights.Values.Span, dropFraction));
        var dropped = connections.Weights.Nnz - kept.Weights.Nnz;
        grownCells = FreeCells.Draw(kept.Weights, openNeurons, dropped, ref stream);
        var evolved = Grow(kept, grownCells, initializer, ref stream);
        if (evolved.Weights.Nnz != connections.Weights.Nnz)
        {
            throw new InvalidOperationException($"Evolution left {evolved.Weights.Nnz} connections; promised: {connections.Weights.Nnz}");
        }

        return evolved;
    }

    /// <summary>Marks what stays: all but the ⌊ζ·n⌋ negatives and the ⌊ζ·n⌋ positives closest to zero. Zero counts as positive; of equals the first go.</summary>
    internal static bool[] SmallestDropped(ReadOnlySpan<float> values, double dropFraction)
    {
        var keep = new bool[values.Length];
        keep.AsSpan().Fill(true);
        DropSmallest(values, keep, dropFraction, negative: true);
        DropSmallest(values, keep, dropFraction, negative: false);
        return keep;
    }

    private static void DropSmallest(ReadOnlySpan<float> values, bool[] keep, double dropFraction, bool negative)
    {
        var magnitudes = new float[values.Length];
        var count = 0;
        foreach (var value in values)
        {
            if (value < 0 == negative)
            {
                magnitudes[count++] = Math.Abs(value);
            }
        }

        var drop = (int)(dropFraction * count);
        if (drop == 0)
        {
            return;
        }

        var (threshold, below) = Selection.Smallest(magnitudes.AsSpan(0, count), drop);
        var atThreshold = drop - below;
        for (var k = 0; k < values.Length; k++)
        {
            if (values[k] < 0 != negative)
            {
                continue;
            }

            var magnitude = Math.Abs(values[k]);
            if (magnitude < threshold || (magnitude == threshold && atThreshold-- > 0))
            {
                keep[k] = false;
            }
        }
    }

    private static Connections Grow(Connections kept, long[] cells, WeightInitializer initializer, ref RandomStream stream)
    {
        var weights = kept.Weights;
        var builder = new ConnectionsBuilder(weights.Rows, weights.Columns, weights.Nnz + cells.Length, kept.State.Count);
        var next = 0;
        for (var row = 0; row < weights.Rows; row++)
        {
            var rowStart = (long)row * weights.Columns;
            for (var k = weights.RowOffsets[row]; k < weights.RowOffsets[row + 1]; k++)
            {
                for (; next < cells.Length && cells[next] < rowStart + weights.ColumnIndices[k]; next++)
                {
                    builder.Add((int)(cells[next] - rowStart), initializer.Draw(ref stream));
                }

                builder.Add(kept, k);
            }

            for (; next < cells.Length && cells[next] < rowStart + weights.Columns; next++)
            {
                builder.Add((int)(cells[next] - rowStart), initializer.Draw(ref stream));
            }

            builder.EndRow(row);
        }

        return builder.ToConnections();
    }
}
