using System.Diagnostics;
using SparseService.Engine.Sparse;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Partitioning;

/// <summary>What partitioned training of a network would exchange: the asked kind of partition first, then the others to compare
/// with.</summary>
public sealed record PartitionReport
{
    public required int Parts { get; init; }

    /// <summary>ε that was asked for: how much more work than the average a part may have in a layer, where rows divide so.</summary>
    public required double AllowedImbalance { get; init; }

    /// <summary>Connections.</summary>
    public required long Nnz { get; init; }

    public required IReadOnlyList<PartitionResult> Partitions { get; init; }

    /// <summary>Partitions with the asked kind, and with random and block.</summary>
    /// <param name="layers">From the input on.</param>
    public static PartitionReport Of(
        IReadOnlyList<CsrMatrix> layers, PartitionOptions options, int parts, ulong seed, PartitionEffort? effort = null) => new()
        {
            Parts = parts,
            AllowedImbalance = options.Imbalance,
            Nnz = layers.Sum(layer => layer.Nnz),
            Partitions =
            [
                .. new[] { options.Kind, PartitionKind.Random, PartitionKind.Block }.Distinct()
                    .Select(kind => PartitionResult.Of(layers, options with { Kind = kind }, parts, seed, effort)),
            ],
        };

    /// <summary>The same for the connections that a training begins with.</summary>
    /// <param name="training">In place of its number of workers and of how they cut it stand <paramref name="parts"/> and
    /// <paramref name="options"/>.</param>
    public static PartitionReport OfFirst(TrainingOptions training, PartitionOptions options, int parts, PartitionEffort? effort = null)
    {
        // With partition-aware evolution the first connections depend on the number of ranks too.
        var asked = training.Parallel is { } parallel ? training with { Parallel = parallel with { Workers = parts } } : training;
        var layers = Enumerable.Range(0, asked.Network.Layers.Count - 1).Select(layer => FirstConnections.Of(asked, layer)).ToArray();
        try
        {
            return Of(layers, options, parts, asked.Seed, effort);
        }
        finally
        {
            foreach (var layer in layers)
            {
                layer.Dispose();
            }
        }
    }
}

/// <summary>One partition, per sample and direction: backward the same words travel back.</summary>
public sealed record PartitionResult
{
    public required PartitionKind Kind { get; init; }

    /// <summary>Values that travel, of all layers. The first layer needs none: every rank reads the data itself.</summary>
    public required long Words { get; init; }

    public required long Messages { get; init; }

    /// <summary>Most words that one part sends, layers added up.</summary>
    public required long LargestSender { get; init; }

    /// <summary>Work of the part with most of it over the average, minus 1, in the worst layer.</summary>
    public required double Imbalance { get; init; }

    /// <summary>Time of making the partition.</summary>
    public required double Seconds { get; init; }

    public required IReadOnlyList<PartitionedLayer> Layers { get; init; }

    internal static PartitionResult Of(
        IReadOnlyList<CsrMatrix> layers, PartitionOptions options, int parts, ulong seed, PartitionEffort? effort)
    {
        var started = Stopwatch.GetTimestamp();
        var partition = NetworkPartition.Of(layers, options, parts, seed, effort);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var score = PartitionScore.Of(layers, partition);
        return new PartitionResult
        {
            Kind = options.Kind,
            Words = score.Words,
            Messages = score.Messages,
            LargestSender = score.LargestSender,
            Imbalance = score.Imbalance,
            Seconds = seconds,
            Layers =
            [
                .. score.Layers.Select((layer, l) => new PartitionedLayer(
                    layer.Layer, layers[l].Columns, layers[l].Rows, layers[l].Nnz,
                    layer.Words, layer.Messages, layer.LargestSender, layer.Imbalance)),
            ],
        };
    }
}

/// <param name="Layer">From 1.</param>
/// <param name="Inputs">Input neurons.</param>
/// <param name="Outputs">Output neurons, which the parts share out.</param>
/// <param name="Nnz">Connections.</param>
/// <param name="Words">Values that travel to this layer, per sample.</param>
/// <param name="Messages">Ordered pairs of parts of which the first sends to the second.</param>
/// <param name="LargestSender">Most words that one part sends.</param>
/// <param name="Imbalance">Connections of the part with most of them over the average, minus 1.</param>
public sealed record PartitionedLayer(
    int Layer, int Inputs, int Outputs, long Nnz, long Words, long Messages, long LargestSender, double Imbalance);
