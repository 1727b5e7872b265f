using SparseService.Engine.Sparse;

namespace SparseService.Engine.Parallel.Simulation;

/// <summary>What one rank has to do for one layer and sample.</summary>
/// <param name="Rows">Own output neurons.</param>
/// <param name="OwnConnections">From own inputs: computed while ghosts are on their way.</param>
/// <param name="GhostConnections">From other ranks' neurons.</param>
/// <param name="WordsOut">Values sent forward; received backward.</param>
/// <param name="WordsIn">Values received forward; sent backward.</param>
/// <param name="MessagesOut">Ranks that it sends to forward.</param>
/// <param name="MessagesIn">Ranks that it receives from forward.</param>
internal readonly record struct RankLoad(
    double Rows, double OwnConnections, double GhostConnections, double WordsOut, double WordsIn, double MessagesOut, double MessagesIn)
{
    /// <summary>The loads of all ranks for one layer, counted from its connections.</summary>
    /// <param name="sources">Owner of each input; null for the first layer, whose inputs every rank has.</param>
    /// <param name="owners">Owner of each row.</param>
    public static RankLoad[] Of(CsrMatrix layer, int[]? sources, int[] owners, int parts)
    {
        var counts = new Counts(parts);
        for (var row = 0; row < layer.Rows; row++)
        {
            counts.Rows[owners[row]]++;
        }

        using var columns = TransposeIndex.Of(layer);
        for (var column = 0; column < layer.Columns; column++)
        {
            counts.Add(columns, column, sources?[column], owners);
        }

        return Enumerable.Range(0, parts).Select(counts.Of).ToArray();
    }

    /// <summary>The loads of ranks that all have the same to do.</summary>
    /// <param name="connections">Of the layer.</param>
    /// <param name="words">Of the layer.</param>
    /// <param name="messages">Of the layer.</param>
    /// <param name="imbalance">How much more than the average the busiest rank has.</param>
    public static RankLoad[] Even(int parts, double rows, double connections, double ghostShare, double words, double messages, double imbalance)
    {
        var share = (1 + imbalance) / parts;
        var load = new RankLoad(
            rows * share, connections * (1 - ghostShare) * share, connections * ghostShare * share, words * share, words * share, messages / parts,
            messages / parts);
        return Enumerable.Repeat(load, parts).ToArray();
    }

    private sealed unsafe class Counts(int parts)
    {
        private readonly long[] own = new long[parts];
        private readonly long[] ghost = new long[parts];
        private readonly long[] wordsOut = new long[parts];
        private readonly long[] wordsIn = new long[parts];
        private readonly long[] messagesOut = new long[parts];
        private readonly long[] messagesIn = new long[parts];
        private readonly HashSet<long> pairs = [];
        private readonly int[] seen = new int[parts];

        public long[] Rows { get; } = new long[parts];

        public void Add(TransposeIndex columns, int column, int? source, int[] owners)
        {
            for (var t = columns.ColumnOffsets.Pointer[column]; t < columns.ColumnOffsets.Pointer[column + 1L]; t++)
            {
                var reader = owners[columns.RowIndices.Pointer[t]];
                if (source is not { } from || from == reader)
                {
                    own[reader]++;
                    continue;
                }

                ghost[reader]++;
                if (seen[reader] != column + 1)
                {
                    seen[reader] = column + 1;
                    wordsOut[from]++;
                    wordsIn[reader]++;
                    if (pairs.Add(((long)from * parts) + reader))
                    {
                        messagesOut[from]++;
                        messagesIn[reader]++;
                    }
                }
            }
        }

        public RankLoad Of(int rank) =>
            new(Rows[rank], own[rank], ghost[rank], wordsOut[rank], wordsIn[rank], messagesOut[rank], messagesIn[rank]);
    }
}
