using SparseService.Engine.Kernels;
using SparseService.Engine.Partitioning;
using SparseService.Engine.Topology;
using SparseService.Engine.Training;

namespace SparseService.Engine.Parallel.Partitioned;

/// <summary>This rank's rows of all layers, and what changes their topology: as <see cref="SparseNetwork"/> does, connection by connection.</summary>
internal sealed class RankNetwork : IDisposable
{
    private readonly ICommunicator communicator;
    private readonly NetworkPartition partition;
    private readonly OpenNeurons?[] open;
    private readonly OwnColumns?[] ownColumns;

    private RankNetwork(ICommunicator communicator, NetworkPartition partition, IReadOnlyList<RankLayer> layers)
    {
        (this.communicator, this.partition, Layers) = (communicator, partition, layers);
        open = new OpenNeurons?[layers.Count];
        ownColumns = new OwnColumns?[layers.Count];
    }

    public IReadOnlyList<RankLayer> Layers { get; }

    /// <summary>Of all ranks.</summary>
    public long Nnz => Layers.Sum(layer => layer.LayerNnz);

    /// <summary>Collective. Whole layers are made one after the other and this rank's rows kept, so that no rank ever holds more than one.</summary>
    /// <param name="whole">Makes a layer.</param>
    public static RankNetwork Of(ICommunicator communicator, NetworkPartition partition, Func<int, SparseLayer> whole)
    {
        var layers = new List<RankLayer>();
        try
        {
            foreach (var owners in partition.Owners)
            {
                var inputs = layers.Count == 0 || communicator.Size == 1 ? null : layers[^1].Neurons;
                layers.Add(new RankLayer(
                    whole(layers.Count), new Ownership(owners, communicator.Rank, communicator.Size), inputs, communicator.Size));
                layers[^1].Begin(communicator);
            }

            return new RankNetwork(communicator, partition, layers);
        }
        catch
        {
            layers.ForEach(layer => layer.Dispose());
            throw;
        }
    }

    /// <summary>Collective: one topology update (SET) of every evolving layer.</summary>
    /// <param name="changes">One per layer; births and deaths of all ranks are filled in.</param>
    public void Evolve(TrainingOptions options, int epoch, IReadOnlyList<LayerChanges> changes)
    {
        var evolving = options.Evolution!.IncludeOutputLayer ? Layers.Count : Layers.Count - 1;
        for (var l = 0; l < evolving; l++)
        {
            var layer = Layers[l];
            open[l] ??= l == 0 ? new OpenNeurons(layer.Removed, layer.Columns) : new OpenNeurons(layer.Removed, Layers[l - 1].Removed);
            if (options.Parallel?.Partition.OwnColumns is { } share && l > 0)
            {
                ownColumns[l] ??= new OwnColumns(partition.Owners[l], partition.Owners[l - 1], partition.Parts, open[l]!, share);
            }

            changes[l].Births = changes[l].Deaths = SharedEvolution.Evolve(communicator, layer, open[l]!, ownColumns[l], options, epoch);
        }
    }

    /// <summary>Collective: importance pruning of every hidden layer. All choices are made on the complete network, then carried out.</summary>
    /// <param name="changes">One per layer; pruned connections of all ranks are filled in.</param>
    public void Prune(double percentile, IReadOnlyList<LayerChanges> changes)
    {
        // A value for each neuron of a layer at a time: nothing here is as large as the layers are.
        var rows = Layers.Select(layer => layer.TakeOut()).ToArray();
        var chosen = Enumerable.Range(0, Layers.Count - 1).Select(l => Choose(Layers[l], rows[l], percentile)).ToArray();
        for (var l = 0; l < chosen.Length; l++)
        {
            Remove(Layers[l], Layers[l + 1], rows[l + 1], chosen[l]);
        }

        Array.Clear(open);
        Array.Clear(ownColumns);
        for (var l = 0; l < rows.Length; l++)
        {
            var removed = Array.ConvertAll(Layers[l].Neurons.Own, neuron => Layers[l].Removed[neuron]);
            var (before, pruned) = (Layers[l].LayerNnz, new[] { ImportancePruning.Remove(rows[l], removed, l == 0 ? null : Layers[l - 1].Removed) });
            communicator.AllReduce(pruned);
            Layers[l].LayerNnz = before - pruned[0];
            changes[l].PrunedConnections += pruned[0];
            Layers[l].PutBack(rows[l], communicator);
        }
    }

    public void Dispose()
    {
        foreach (var layer in Layers)
        {
            layer.Dispose();
            layer.Neurons.Dispose();
        }
    }

    private bool[] Choose(RankLayer layer, Connections rows, double percentile)
    {
        var strength = Spread(layer.Neurons, NeuronStrength.Incoming(rows.Weights));
        var chosen = new bool[strength.Length];
        ImportancePruning.Choose(strength, layer.Removed, percentile, chosen);
        return chosen;
    }

    private void Remove(RankLayer layer, RankLayer next, Connections nextRows, bool[] chosen)
    {
        var own = layer.Neurons.Own;
        var emitted = new float[own.Length];
        for (var row = 0; row < own.Length; row++)
        {
            emitted[row] = chosen[own[row]] ? layer.Activation.Value(layer.Bias[row]) : 0;
        }

        ImportancePruning.FoldIntoBias(nextRows.Weights, Spread(layer.Neurons, emitted), next.Bias);
        for (var row = 0; row < own.Length; row++)
        {
            if (chosen[own[row]])
            {
                layer.Bias[row] = 0;
                foreach (var slot in layer.BiasState)
                {
                    slot[row] = 0;
                }
            }
        }

        for (var neuron = 0; neuron < chosen.Length; neuron++)
        {
            layer.Removed[neuron] |= chosen[neuron];
        }
    }

    /// <summary>Everyone's values, by neuron. Exact: to each sum one rank adds another number than 0.</summary>
    private float[] Spread(Ownership neurons, float[] own)
    {
        var all = new float[neurons.Width];
        for (var row = 0; row < own.Length; row++)
        {
            all[neurons.Own[row]] = own[row];
        }

        communicator.AllReduce(all);
        return all;
    }
}
