using SparseService.Engine.Topology;

namespace SparseService.Engine.Training;

/// <summary>The layers of a network and what changes their topology.</summary>
internal sealed class SparseNetwork(IReadOnlyList<SparseLayer> layers) : IDisposable
{
    public IReadOnlyList<SparseLayer> Layers { get; } = layers;

    public long Nnz => Layers.Sum(layer => layer.Weights.Nnz);

    public static SparseNetwork Create(TrainingOptions options) =>
        new(Enumerable.Range(0, options.Network.Layers.Count - 1).Select(layer => SparseLayer.Create(options, layer)).ToArray());

    /// <summary>One topology update (SET) of every evolving layer.</summary>
    /// <param name="epoch">The epoch just trained; part of the random key.</param>
    /// <param name="changes">One per layer; births and deaths are filled in.</param>
    public void Evolve(TrainingOptions options, int epoch, IReadOnlyList<LayerChanges> changes)
    {
        var evolution = options.Evolution!;
        var evolving = evolution.IncludeOutputLayer ? Layers.Count : Layers.Count - 1;
        for (var l = 0; l < evolving; l++)
        {
            var layer = Layers[l];
            var initializer = evolution.NewWeights == NewWeights.Zero
                ? WeightInitializer.Zero
                : WeightInitializer.For(options.Network.Weights, layer.Weights.Columns, layer.Weights.Rows, layer.Weights.Nnz);
            var stream = RandomStream.For(options.Seed, RandomPurpose.Evolution, epoch, l);
            var evolved = SetEvolution.Evolve(layer.Connections, evolution.DropFraction, initializer, OpenNeuronsOf(l), ref stream, out var grown);
            foreach (var cell in grown)
            {
                layer.Explored.Add(cell);
            }

            changes[l].Births = changes[l].Deaths = grown.Length;
            layer.Replace(evolved);
        }
    }

    /// <summary>Importance pruning of every hidden layer: all choices are made on the complete network, then carried out.</summary>
    /// <param name="changes">One per layer; pruned connections are filled in.</param>
    public void Prune(double percentile, IReadOnlyList<LayerChanges> changes)
    {
        var chosen = Layers.Take(Layers.Count - 1).Select(layer => ImportancePruning.Choose(layer.Weights, layer.Removed, percentile)).ToArray();
        for (var l = 0; l < chosen.Length; l++)
        {
            Remove(Layers[l], Layers[l + 1], chosen[l]);
        }

        for (var l = 0; l < Layers.Count; l++)
        {
            var layer = Layers[l];
            var before = layer.Weights.Nnz;
            var pruned = ImportancePruning.Without(layer.Connections, layer.Removed, RemovedInputs(l));
            changes[l].PrunedConnections += before - pruned.Weights.Nnz;
            layer.Replace(pruned);
        }
    }

    public void Dispose()
    {
        foreach (var layer in Layers)
        {
            layer.Dispose();
        }
    }

    private static void Remove(SparseLayer layer, SparseLayer next, int[] neurons)
    {
        var emitted = new float[layer.Removed.Length];
        foreach (var neuron in neurons)
        {
            emitted[neuron] = layer.Activation.Value(layer.Bias[neuron]);
            layer.Removed[neuron] = true;
        }

        ImportancePruning.FoldIntoBias(next.Weights, emitted, next.Bias);
        foreach (var neuron in neurons)
        {
            layer.Bias[neuron] = 0;
            foreach (var slot in layer.BiasState)
            {
                slot[neuron] = 0;
            }
        }
    }

    private OpenNeurons OpenNeuronsOf(int layer) => new(Layers[layer].Removed, RemovedInputs(layer));

    // Input features are never removed.
    private bool[] RemovedInputs(int layer) => layer == 0 ? new bool[Layers[0].Weights.Columns] : Layers[layer - 1].Removed;
}

/// <summary>What an epoch's pruning and evolution did to one layer.</summary>
internal sealed class LayerChanges
{
    public long Births { get; set; }

    public long Deaths { get; set; }

    public long PrunedConnections { get; set; }
}
