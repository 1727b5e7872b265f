using System.Collections;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>Who owns which rows: rank 0 cuts the network as it begins, the others are told.</summary>
internal static unsafe class SharedPartition
{
    /// <summary>Collective. A function of the options and the number of ranks.</summary>
    public static NetworkPartition Of(ICommunicator communicator, TrainingOptions options)
    {
        var ranks = communicator.Size;
        var owners = options.Network.Layers.Skip(1).Select(width => new int[width]).ToArray();
        if (ranks == 1)
        {
            return new NetworkPartition(1, owners);
        }

        if (communicator.Rank == 0)
        {
            using var patterns = new FirstPatterns(options);
            owners = [.. NetworkPartition.Of(patterns, options.Parallel!.Partition, ranks, options.Seed).Owners];
        }

        foreach (var layer in owners)
        {
            fixed (int* owner = layer)
            {
                communicator.Broadcast(owner, (long)layer.Length * sizeof(int), root: 0);
            }
        }

        return new NetworkPartition(ranks, owners);
    }

    /// <summary>The connections that a training begins with, drawn when they are asked for; the last two layers asked for are kept.</summary>
    private sealed class FirstPatterns(TrainingOptions options) : IReadOnlyList<CsrMatrix>, IDisposable
    {
        private readonly List<(int Layer, CsrMatrix Pattern)> kept = [];

        public int Count => options.Network.Layers.Count - 1;

        public CsrMatrix this[int layer]
        {
            get
            {
                var at = kept.FindIndex(one => one.Layer == layer);
                if (at >= 0)
                {
                    return kept[at].Pattern;
                }

                if (kept.Count == 2)
                {
                    kept[0].Pattern.Dispose();
                    kept.RemoveAt(0);
                }

                kept.Add((layer, FirstConnections.Of(options, layer)));
                return kept[^1].Pattern;
            }
        }

        public IEnumerator<CsrMatrix> GetEnumerator()
        {
            for (var layer = 0; layer < Count; layer++)
            {
                yield return this[layer];
            }
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public void Dispose() => kept.ForEach(one => one.Pattern.Dispose());
    }
}
