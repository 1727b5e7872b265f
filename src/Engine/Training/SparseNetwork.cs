using System.Runtime.ExceptionServices;
using SparseService.Engine.Kernels;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Topology;

namespace SparseService.Engine.Training;

/// <summary>The layers of a network and what changes their topology.</summary>
/// <remarks>Layers are drawn, evolved and pruned on several threads, a layer on one: each has its own random streams, so threads change
/// nothing.</remarks>
internal sealed class SparseNetwork(IReadOnlyList<SparseLayer> layers) : IDisposable
{
    // Made when first needed; pruning closes neurons, and then they are made anew.
    private readonly OpenNeurons?[] open = new OpenNeurons?[layers.Count];
    private readonly OwnColumns?[] ownColumns = new OwnColumns?[layers.Count];
    private NetworkPartition? partition;

    public IReadOnlyList<SparseLayer> Layers { get; } = layers;

    public long Nnz => Layers.Sum(layer => layer.Weights.Nnz);

    public static SparseNetwork Create(TrainingOptions options, int threads = 1)
    {
        var layers = new SparseLayer[options.Network.Layers.Count - 1];
        ForEach(layers.Length, threads, layer => layers[layer] = SparseLayer.Create(options, layer));
        return new SparseNetwork(layers);
    }

    /// <summary>Makes what training derives from the patterns: the first step would do it layer by layer on one thread.</summary>
    public void Prepare(int threads) => ForEach(Layers.Count - 1, threads, l => _ = Layers[l + 1].Transpose);

    /// <summary>What follows an epoch's test: pruning and evolution, each when its time has come.</summary>
    /// <param name="epoch">The epoch just trained.</param>
    /// <param name="changes">One per layer; filled in.</param>
    /// <param name="work">Where the connections are; default: on the host.</param>
    // Not after the last epoch: fresh connections would leave the network worse than it was trained to be.
    public void ChangeAfter(
        int epoch, TrainingOptions options, IReadOnlyList<LayerChanges> changes, int threads = 1, TopologyWork? work = null)
    {
        if (epoch == options.Epochs)
        {
            return;
        }

        if (options.Pruning is { StartEpoch: { } start } pruning && epoch > start && epoch % pruning.EveryEpochs == 0)
        {
            Prune(pruning.Percentile, changes, threads);
        }

        if (options.Evolution is { } evolution && epoch % evolution.EveryEpochs == 0)
        {
            Evolve(options, epoch, changes, threads, work);
        }
    }

    /// <summary>One topology update (SET) of every evolving layer.</summary>
    /// <param name="epoch">The epoch just trained; part of the random key.</param>
    /// <param name="changes">One per layer; births and deaths are filled in.</param>
    /// <param name="work">Where the connections are; default: on the host.</param>
    public void Evolve(TrainingOptions options, int epoch, IReadOnlyList<LayerChanges> changes, int threads = 1, TopologyWork? work = null)
    {
        var where = work ?? TopologyWork.OnHost;
        var evolving = options.Evolution!.IncludeOutputLayer ? Layers.Count : Layers.Count - 1;
        partition ??= options.Parallel is { Method: ParallelMethod.Partitioned, Partition.OwnColumns: not null } parallel
            ? NetworkPartition.OfFirst(options, parallel.Workers)
            : null;
        ForEach(evolving, where.TakesSeveralCallers ? threads : 1, layer => Evolve(options, epoch, layer, changes[layer], where));
    }

    /// <summary>Importance pruning of every hidden layer: all choices are made on the complete network, then carried out.</summary>
    /// <param name="changes">One per layer; pruned connections are filled in.</param>
    public void Prune(double percentile, IReadOnlyList<LayerChanges> changes, int threads = 1)
    {
        var chosen = Layers.Take(Layers.Count - 1).Select(layer => new DeviceBuffer<bool>(layer.Weights.Rows)).ToArray();
        ForEach(chosen.Length, threads, l => ImportancePruning.Choose(Layers[l].Weights, Layers[l].Removed, percentile, chosen[l].Span));
        for (var l = 0; l < chosen.Length; l++)
        {
            Remove(Layers[l], Layers[l + 1], chosen[l].Span);
            chosen[l].Dispose();
        }

        Array.Clear(open);
        Array.Clear(ownColumns);
        ForEach(Layers.Count, threads, l =>
        {
            var removedInputs = l == 0 ? null : Layers[l - 1].Removed;
            changes[l].PrunedConnections += ImportancePruning.Remove(Layers[l].Connections, Layers[l].Removed, removedInputs);
            Layers[l].PatternChanged();
        });
    }

    /// <summary>To be called after somebody else has changed which neurons are removed.</summary>
    public void NeuronsChanged() => Array.Clear(open);

    public void Dispose()
    {
        foreach (var layer in Layers)
        {
            layer.Dispose();
        }
    }

    private void Evolve(TrainingOptions options, int epoch, int l, LayerChanges changes, TopologyWork work)
    {
        var (layer, weights) = (Layers[l], Layers[l].Weights);
        var initializer = options.Evolution!.NewWeights == NewWeights.Zero
            ? WeightInitializer.Zero
            : WeightInitializer.For(options.Network.Weights, weights.Columns, weights.Rows, weights.Nnz);
        var stream = RandomStream.For(options.Seed, RandomPurpose.Evolution, epoch, l);

        // Input features are never removed.
        open[l] ??= l == 0 ? new OpenNeurons(layer.Removed, weights.Columns) : new OpenNeurons(layer.Removed, Layers[l - 1].Removed);
        changes.Births = changes.Deaths = work.Evolve(
            layer.Connections, options.Evolution.DropFraction, initializer, open[l]!, layer.Explored, ref stream, OwnColumnsOf(options, l));
        layer.PatternChanged(work);
    }

    // The first layer's inputs belong to nobody: every rank reads the data itself.
    private OwnColumns? OwnColumnsOf(TrainingOptions options, int l) => partition is null || l == 0
        ? null
        : ownColumns[l] ??= new OwnColumns(
            partition.Owners[l], partition.Owners[l - 1], partition.Parts, open[l]!, options.Parallel!.Partition.OwnColumns!.Value);

    private static void Remove(SparseLayer layer, SparseLayer next, ReadOnlySpan<bool> chosen)
    {
        using var scratch = new DeviceBuffer<float>(chosen.Length);
        var emitted = scratch.Span;
        for (var neuron = 0; neuron < chosen.Length; neuron++)
        {
            emitted[neuron] = chosen[neuron] ? layer.Activation.Value(layer.Bias[neuron]) : 0;
        }

        ImportancePruning.FoldIntoBias(next.Weights, emitted, next.Bias);
        for (var neuron = 0; neuron < chosen.Length; neuron++)
        {
            if (!chosen[neuron])
            {
                continue;
            }

            layer.Removed[neuron] = true;
            layer.Bias[neuron] = 0;
            foreach (var slot in layer.BiasState)
            {
                slot[neuron] = 0;
            }
        }
    }

    /// <summary>Works on every layer, on up to <paramref name="threads"/> threads.</summary>
    internal static void ForEach(int layers, int threads, Action<int> work)
    {
        if (threads > 1)
        {
            try
            {
                System.Threading.Tasks.Parallel.For(0, layers, new ParallelOptions { MaxDegreeOfParallelism = threads }, work);
            }
            catch (AggregateException faults)
            {
                // As on one thread: who asks for the kind of a fault finds it.
                ExceptionDispatchInfo.Throw(faults.InnerExceptions[0]);
            }

            return;
        }

        for (var layer = 0; layer < layers; layer++)
        {
            work(layer);
        }
    }
}

/// <summary>What an epoch's pruning and evolution did to one layer.</summary>
internal sealed class LayerChanges
{
    public long Births { get; set; }

    public long Deaths { get; set; }

    public long PrunedConnections { get; set; }
}
