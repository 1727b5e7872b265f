using SparseService.Engine.Sparse;

namespace SparseService.Engine.Partitioning;

/// <summary>What a partition costs in one layer, per sample and direction.</summary>
/// <param name="Layer">From 1.</param>
/// <param name="Words">Values that travel: the sum of λ − 1 over the layer's input neurons.</param>
/// <param name="Messages">Ordered pairs of parts of which the first sends to the second.</param>
/// <param name="LargestSender">Most words that one part sends.</param>
/// <param name="Imbalance">Connections of the part with most of them, over the average, minus 1; 0 for a layer without connections.</param>
public sealed record LayerScore(int Layer, long Words, long Messages, long LargestSender, double Imbalance)
{
    /// <param name="layer">From 0.</param>
    /// <param name="sources">Owner of each column; null: the lowest part that reads it.</param>
    /// <param name="owners">Owner of each row.</param>
    /// <param name="sent">Words that each part sends; added to.</param>
    internal static unsafe LayerScore Of(
        CsrMatrix matrix, int layer, int[]? sources, int[] owners, int parts, bool counted, long[] sent)
    {
        var work = new long[parts];
        for (var row = 0; row < owners.Length; row++)
        {
            work[owners[row]] += matrix.FanIn(row);
        }

        var imbalance = matrix.Nnz == 0 ? 0 : ((double)work.Max() * parts / matrix.Nnz) - 1;
        if (!counted)
        {
            return new LayerScore(layer + 1, 0, 0, 0, imbalance);
        }

        using var columns = TransposeIndex.Of(matrix);
        var (words, from) = (0L, new long[parts]);
        var pairs = new HashSet<long>();
        var seen = new int[parts];
        for (var column = 0; column < matrix.Columns; column++)
        {
            var (start, end) = (columns.ColumnOffsets.Pointer[column], columns.ColumnOffsets.Pointer[column + 1L]);
            var source = sources is null ? LowestReader(columns, start, end, owners) : sources[column];
            for (var t = start; t < end; t++)
            {
                var reader = owners[columns.RowIndices.Pointer[t]];
                if (reader != source && seen[reader] != column + 1)
                {
                    seen[reader] = column + 1;
                    words++;
                    from[source]++;
                    pairs.Add(((long)source * parts) + reader);
                }
            }
        }

        for (var part = 0; part < parts; part++)
        {
            sent[part] += from[part];
        }

        return new LayerScore(layer + 1, words, pairs.Count, from.Max(), imbalance);
    }

    private static unsafe int LowestReader(TransposeIndex columns, long start, long end, int[] owners)
    {
        var lowest = int.MaxValue;
        for (var t = start; t < end; t++)
        {
            lowest = Math.Min(lowest, owners[columns.RowIndices.Pointer[t]]);
        }

        return lowest;
    }
}
